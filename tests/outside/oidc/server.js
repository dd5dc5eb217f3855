// A certified OpenID Connect provider, strict: PKCE is required, redirect URIs are exact, codes work once.
// /as/NAME says who signs in next; /as/deny that they decline.
import http from 'node:http'
import Provider from 'oidc-provider'

const [port, redirectUri] = process.argv.slice(2)
const issuer = `http://127.0.0.1:${port}`
let who = 'ada'

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'egress-bot',
      client_secret: 's3cret+ with/odd%characters~',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: process.argv[4],
    },
  ],
  pkce: { required: () => true },
  acrValues: ['mfa'],
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], email: ['email', 'email_verified'], acr: null, auth_time: null },
  cookies: { keys: ['made for this run'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@sandbox.example`, email_verified: true }),
  }),
})

const answer = provider.callback()
http
  .createServer(async (request, response) => {
    if (request.url.startsWith('/as/')) {
      who = request.url.slice('/as/'.length)
      return response.end('ok')
    }
    if (!request.url.startsWith('/interaction/')) return answer(request, response)
    const { prompt, params, session } = await provider.interactionDetails(request, response)
    if (who === 'deny') {
      return provider.interactionFinished(request, response, { error: 'access_denied' })
    }
    if (prompt.name === 'login') {
      return provider.interactionFinished(request, response, { login: { accountId: who, acr: 'mfa', amr: ['pwd'] } })
    }
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
    grant.addOIDCScope('openid email profile')
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
  })
  .listen(Number(port), '127.0.0.1')
