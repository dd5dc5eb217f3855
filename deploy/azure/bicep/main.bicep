// The bot's identity, its roles, and the federation with its service account; roles are assigned on whole subscriptions or,
// narrower, with assignment.bicep. See deploy/README.md and deploy/roles/README.md.
// az deployment sub create --location westeurope --template-file main.bicep --parameters resourceGroupName=... oidcIssuer=...
targetScope = 'subscription'

@description('The resource group of the identity; it must exist.')
param resourceGroupName string

@description('The region of the identity.')
param location string = deployment().location

@description('The name of the identity.')
param name string = 'egress-bot'

@description('The issuer of the AKS cluster where the bot runs: az aks show --query oidcIssuerProfile.issuerUrl.')
param oidcIssuer string

@description('The namespace and the service account of the bot.')
param subject string = 'system:serviceaccount:egress-bot:egress-bot'

// The same files that `az role definition create` takes; leave out what you do not use.
var roles = [
  loadJsonContent('../../roles/reader.json')
  loadJsonContent('../../roles/rule-writer.json')
  loadJsonContent('../../roles/classic-rule-writer.json')
  loadJsonContent('../../roles/scaler.json')
  loadJsonContent('../../roles/migrator.json')
  loadJsonContent('../../roles/metrics-reader.json')
  loadJsonContent('../../roles/log-reader.json')
  loadJsonContent('../../roles/prober.json')
]

module identity 'identity.bicep' = {
  name: 'egress-bot-identity'
  scope: resourceGroup(resourceGroupName)
  params: {
    location: location
    name: name
    oidcIssuer: oidcIssuer
    subject: subject
  }
}

resource definitions 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [
  for role in roles: {
    name: guid(subscription().id, role.Name)
    properties: {
      roleName: role.Name
      description: role.Description
      type: 'CustomRole'
      permissions: [
        {
          actions: role.Actions
        }
      ]
      assignableScopes: [
        subscription().id
      ]
    }
  }
]

// The reader's role is needed on the whole subscription; the others belong on single resources.
resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, name, roles[0].Name)
  properties: {
    roleDefinitionId: definitions[0].id
    principalId: identity.outputs.principalId
    principalType: 'ServicePrincipal'
  }
}

@description('For the annotation azure.workload.identity/client-id of the service account.')
output clientId string = identity.outputs.clientId

@description('For assignment.bicep.')
output principalId string = identity.outputs.principalId

@description('The ids of the role definitions, in the order of the list.')
output roleIds array = [for (role, i) in roles: { name: role.Name, id: definitions[i].id }]
