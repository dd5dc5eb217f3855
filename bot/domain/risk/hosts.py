"""Hosts that are risky, shared or often imitated, as data.

The lists are this project's own selection (2026-11), not copies and not complete: each names pages that describe such
hosts and against which to review it, and the configuration adds what a company knows. Only ngrok's page was read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class HostList:
    """Hosts that share one reason.

    Attributes:
        sentence: What such a host is for, as the end of "NAME is …".
        source: Pages that describe such hosts, to review the list against.
        hosts: Canonical domains; a name is on the list if it is one of them or below one.
    """

    sentence: str
    source: str
    hosts: frozenset[str]


def _names(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


def _list(sentence: str, source: str, hosts: str) -> HostList:
    return HostList(sentence, source, _names(hosts))


HOSTS: Mapping[str, HostList] = MappingProxyType(
    {
        "tunnel": _list(
            "a tunnel: anyone's machine can be behind it, and data leaves unseen",
            "https://ngrok.com/docs/gateway/domains ; https://developers.cloudflare.com/cloudflare-one/ ; "
            "https://learn.microsoft.com/azure/developer/dev-tunnels/overview ; https://lots-project.com",
            "ngrok.io ngrok.app ngrok.dev ngrok-free.app ngrok-free.dev ngrok.com trycloudflare.com cfargotunnel.com "
            "argotunnel.com devtunnels.ms tunnels.api.visualstudio.com serveo.net localtunnel.me loca.lt localhost.run "
            "lhr.life pinggy.io pinggy.link bore.pub tunnelmole.net localxpose.io loclx.io zrok.io playit.gg "
            "packetriot.net telebit.cloud portmap.io",
        ),
        "anonymiser": _list(
            "an anonymiser: it hides where traffic goes",
            "https://support.torproject.org ; https://www.tor2web.org ; https://protonvpn.com ; https://nordvpn.com",
            "torproject.org onion.to onion.ly onion.ws onion.pet tor2web.org tor2web.io protonvpn.com "
            "protonvpn.ch nordvpn.com "
            "expressvpn.com mullvad.net surfshark.com hide.me hidemyass.com kproxy.com croxyproxy.com psiphon.ca "
            "getlantern.org tailscale.com zerotier.com",
        ),
        "paste": _list(
            "a paste site: anyone can post text there, including commands and stolen data",
            "https://attack.mitre.org/techniques/T1567/003/ ; https://lots-project.com",
            "pastebin.com paste.ee hastebin.com ghostbin.com rentry.co rentry.org dpaste.com dpaste.org controlc.com "
            "privatebin.net termbin.com ix.io sprunge.us paste.rs pastes.io justpaste.it 0bin.net telegra.ph "
            "webhook.site requestbin.com pipedream.net",
        ),
        "file_drop": _list(
            "a file-sharing site: anyone can upload and download files there",
            "https://attack.mitre.org/techniques/T1567/002/ ; https://lots-project.com",
            "transfer.sh file.io wetransfer.com we.tl mega.nz mega.io mega.co.nz anonfiles.com gofile.io catbox.moe "
            "0x0.st filebin.net tmpfiles.org temp.sh uguu.se bashupload.com mediafire.com sendspace.com pixeldrain.com "
            "dropmefiles.com zippyshare.com oshi.at",
        ),
        "dynamic_dns": _list(
            "dynamic DNS: the registrant can change its address at any time",
            "https://www.noip.com/support/faq/free-dynamic-dns-domains/ ; https://www.duckdns.org ; "
            "https://attack.mitre.org/techniques/T1568/",
            "duckdns.org no-ip.org no-ip.com no-ip.biz ddns.net hopto.org zapto.org sytes.net myftp.org servebeer.com "
            "dyndns.org dynu.com dynu.net freeddns.org afraid.org mooo.com changeip.com dynv6.net nip.io "
            "sslip.io xip.io "
            "traefik.me lvh.me",
        ),
        "raw_content": _list(
            "a host of raw user content: any account can publish code there",
            "https://docs.github.com/get-started/using-github/troubleshooting-connectivity-problems ; "
            "https://www.jsdelivr.com/documentation ; https://lots-project.com",
            "raw.githubusercontent.com gist.githubusercontent.com gist.github.com objects.githubusercontent.com "
            "media.githubusercontent.com codeload.github.com cdn.jsdelivr.net unpkg.com esm.sh rawgit.com "
            "rawcdn.githack.com "
            "raw.githack.com cdn.discordapp.com media.discordapp.net drive.google.com docs.google.com "
            "drive.usercontent.google.com dl.dropboxusercontent.com huggingface.co",
        ),
        "shortener": _list(
            "a URL shortener: it redirects to hosts that nobody here approved",
            "https://support.bitly.com ; https://tinyurl.com ; https://attack.mitre.org/techniques/T1608/005/",
            "bit.ly tinyurl.com t.co goo.gl is.gd v.gd ow.ly buff.ly rebrand.ly cutt.ly shorturl.at rb.gy t.ly tiny.cc "
            "s.id lnkd.in soo.gd bl.ink",
        ),
    }
)

SHARED_SUFFIXES = _names(
    # Services where each customer gets a name, not in the private section of the Public Suffix List (the snapshot that
    # tldextract 5.3 bundles); a star is one label, a region or a zone for the most part. Azure:
    # https://learn.microsoft.com/azure/security/fundamentals/azure-domains
    # https://learn.microsoft.com/azure/private-link/private-endpoint-dns
    "azurecr.io *.data.azurecr.io azconfig.io azurecontainerapps.io *.azurecontainerapps.io "
    "*.azurewebsites.net scm.azurewebsites.net *.azurefd.net trafficmanager.net azurehdinsight.net "
    "file.core.windows.net queue.core.windows.net table.core.windows.net dfs.core.windows.net "
    "web.core.windows.net *.web.core.windows.net blob.storage.azure.net *.blob.storage.azure.net "
    "*.file.storage.azure.net *.queue.storage.azure.net *.table.storage.azure.net *.dfs.storage.azure.net "
    "*.web.storage.azure.net database.windows.net postgres.database.azure.com mysql.database.azure.com "
    "mariadb.database.azure.com documents.azure.com mongo.cosmos.azure.com cassandra.cosmos.azure.com "
    "gremlin.cosmos.azure.com table.cosmos.azure.com postgres.cosmos.azure.com mongocluster.cosmos.azure.com "
    "redis.cache.windows.net *.redisenterprise.cache.azure.net *.redis.azure.net search.windows.net "
    "vault.azure.net managedhsm.azure.net *.attest.azure.net cloudapp.azure.com *.cloudapp.azure.com "
    "*.eventgrid.azure.net service.signalr.net webpubsub.azure.com azure-devices.net azure-devices-provisioning.net "
    "openai.azure.com cognitiveservices.azure.com services.ai.azure.com api.azureml.ms *.inference.ml.azure.com "
    "*.kusto.windows.net *.batch.azure.com sql.azuresynapse.net dev.azuresynapse.net azuredatabricks.net "
    "*.logic.azure.com *.grafana.azure.com *.prometheus.monitor.azure.com *.ingest.monitor.azure.com "
    "*.communication.azure.com media.azure.net sharepoint.com onmicrosoft.com crm.dynamics.com "
    "blob.core.usgovcloudapi.net file.core.usgovcloudapi.net queue.core.usgovcloudapi.net "
    "table.core.usgovcloudapi.net dfs.core.usgovcloudapi.net *.web.core.usgovcloudapi.net "
    "database.usgovcloudapi.net servicebus.usgovcloudapi.net vault.usgovcloudapi.net azurewebsites.us azurecr.us "
    "*.cloudapp.usgovcloudapi.net blob.core.chinacloudapi.cn file.core.chinacloudapi.cn queue.core.chinacloudapi.cn "
    "table.core.chinacloudapi.cn dfs.core.chinacloudapi.cn *.web.core.chinacloudapi.cn database.chinacloudapi.cn "
    "servicebus.chinacloudapi.cn vault.azure.cn azurecr.cn chinacloudsites.cn *.cloudapp.chinacloudapi.cn "
    # https://docs.aws.amazon.com/general/latest/gr/rande.html
    "amazonaws.com *.amazonaws.com elb.*.amazonaws.com dkr.ecr.*.amazonaws.com *.rds.amazonaws.com "
    "*.es.amazonaws.com *.cache.amazonaws.com *.redshift.amazonaws.com *.docdb.amazonaws.com mq.*.amazonaws.com "
    "kafka.*.amazonaws.com iot.*.amazonaws.com appsync-api.*.amazonaws.com amazoncognito.com "
    "auth.*.amazoncognito.com awsapprunner.com *.awsapprunner.com on.aws *.on.aws lambda-url.*.on.aws "
    # https://cloud.google.com/run/docs/triggering/https-request ; https://firebase.google.com/docs/hosting
    "run.app *.run.app cloudfunctions.net appspot.com *.r.appspot.com web.app firebaseapp.com firebaseio.com "
    "googleusercontent.com "
    # https://developers.cloudflare.com/r2/ ; https://docs.digitalocean.com/products/spaces/ ; https://docs.fastly.com
    "workers.dev *.workers.dev pages.dev *.pages.dev r2.dev r2.cloudflarestorage.com *.r2.cloudflarestorage.com "
    "digitaloceanspaces.com *.digitaloceanspaces.com fastly.net akamaized.net linodeobjects.com *.linodeobjects.com "
    "wasabisys.com *.wasabisys.com backblazeb2.com *.backblazeb2.com "
    # https://docs.oracle.com/iaas/Content/Object/Concepts/dedicatedendpoints.htm ; https://docs.snowflake.com
    "oraclecloud.com *.oraclecloud.com *.customer-oci.com objectstorage.*.oraclecloud.com snowflakecomputing.com "
    "*.snowflakecomputing.com mongodb.net *.mongodb.net supabase.co "
    "herokuapp.com netlify.app vercel.app onrender.com fly.dev github.io gitlab.io githubusercontent.com "
    "atlassian.net zendesk.com myshopify.com wordpress.com blogspot.com"
)

WELL_KNOWN = _names(
    # Names that are imitated most, https://www.cloudflare.com/learning/email-security/most-impersonated-brands/, and
    # what a
    # cluster pulls from: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
    "microsoft.com microsoftonline.com azure.com azure.net windows.net office.com live.com github.com "
    "gitlab.com google.com "
    "googleapis.com gcr.io amazon.com amazonaws.com apple.com docker.com docker.io quay.io ghcr.io "
    "kubernetes.io k8s.io "
    "npmjs.org npmjs.com pypi.org pythonhosted.org debian.org ubuntu.com redhat.com maven.org golang.org nuget.org "
    "cloudflare.com slack.com atlassian.com paypal.com stripe.com facebook.com linkedin.com dropbox.com adobe.com "
    "salesforce.com oracle.com okta.com hashicorp.com elastic.co datadoghq.com openai.com anthropic.com"
)

_PORTS_BY_RISK = {
    "database": "PostgreSQL, MySQL, Oracle Database, MongoDB, Redis, Redis over TLS, Cassandra, Bolt, Db2, memcached",
    "mail": "SMTP",
    "remote_login": "SSH, RDP, VNC, OpenVPN",
    "file_transfer": "FTP, TFTP, SMB, NFS, rsync",
    "cleartext": "Telnet, POP3, IMAP, LDAP, IRC, syslog",
}
PORT_RISKS: Mapping[str, str] = MappingProxyType(
    {name: code for code, names in _PORTS_BY_RISK.items() for name in names.split(", ")}
)
"""Reason codes by the protocol that uses a port; the names are those of ``bot.domain.fqdn.SERVICES``."""
