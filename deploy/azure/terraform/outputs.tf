output "client_id" {
  description = "For the annotation azure.workload.identity/client-id of the service account."
  value       = azurerm_user_assigned_identity.bot.client_id
}
