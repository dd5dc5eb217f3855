// One role on one firewall policy; the same for other resources with another type in place of firewallPolicies.
// az deployment group create --resource-group rg-hub --template-file assignment.bicep --parameters policyName=hub-policy ...
param policyName string
param principalId string
param roleDefinitionId string

resource policy 'Microsoft.Network/firewallPolicies@2024-05-01' existing = {
  name: policyName
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(policy.id, principalId, roleDefinitionId)
  scope: policy
  properties: {
    roleDefinitionId: roleDefinitionId
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
