subscription_id = "00000000-0000-0000-0000-000000000000"
resource_group  = "rg-egress-bot"
location        = "westeurope"
oidc_issuer     = "https://westeurope.oic.prod-aks.azure.com/00000000-0000-0000-0000-000000000000/00000000-0000-0000-0000-000000000000/"

scopes = {
  reader      = ["/subscriptions/00000000-0000-0000-0000-000000000000"]
  rule-writer = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-hub/providers/Microsoft.Network/firewallPolicies/hub-policy"]
}
