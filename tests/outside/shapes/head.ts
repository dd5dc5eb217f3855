// `AnyBlock` of the packages takes any object; `KnownBlock` does not. The types of methods and payloads are added.
import type { AppHomeOpenedEvent, AppMentionEvent, GenericMessageEvent, HomeView, KnownBlock, ModalView } from '@slack/types';
import type { BlockAction } from '@slack/bolt/dist/types/actions/block-action';
import type { SlashCommand } from '@slack/bolt/dist/types/command';
import type { EnvelopedEvent } from '@slack/bolt/dist/types/events';
import type { BlockSuggestion } from '@slack/bolt/dist/types/options';
import type { GlobalShortcut, MessageShortcut } from '@slack/bolt/dist/types/shortcuts';
import type { ViewClosedAction, ViewResponseAction, ViewSubmitAction } from '@slack/bolt/dist/types/view';
import type { Manifest as SlackManifest } from '@slack/web-api/dist/types/request/manifest';
import type * as web from '@slack/web-api';
export type Blocks = KnownBlock[];
export interface Modal extends Omit<ModalView, 'blocks'> { blocks: KnownBlock[] }
export interface Home extends Omit<HomeView, 'blocks'> { blocks: KnownBlock[] }
export type Manifest = SlackManifest;
export type ViewAck = ViewResponseAction;
