# The bot's identity, its roles, and the federation with its service account. docs: deploy/README.md, deploy/roles/README.md.
# terraform init && terraform apply -var-file=yours.tfvars

terraform {
  required_version = ">= 1.5"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.0"
    }
  }
}

provider "azurerm" {
  features {}
  subscription_id = var.subscription_id
}

locals {
  # The same files that `az role definition create` takes.
  roles = { for name in keys(var.scopes) : name => jsondecode(file("${path.module}/../../roles/${name}.json")) }

  assignments = merge([
    for role, scopes in var.scopes : { for scope in scopes : "${role} ${scope}" => { role = role, scope = scope } }
  ]...)
}

resource "azurerm_user_assigned_identity" "bot" {
  name                = var.name
  location            = var.location
  resource_group_name = var.resource_group
}

resource "azurerm_federated_identity_credential" "bot" {
  name                = var.name
  resource_group_name = var.resource_group
  parent_id           = azurerm_user_assigned_identity.bot.id
  issuer              = var.oidc_issuer
  subject             = "system:serviceaccount:${var.namespace}:${var.service_account}"
  audience            = ["api://AzureADTokenExchange"]
}

resource "azurerm_role_definition" "bot" {
  for_each          = local.roles
  name              = each.value.Name
  description       = each.value.Description
  scope             = "/subscriptions/${var.subscription_id}"
  assignable_scopes = [for id in distinct(concat([var.subscription_id], var.further_subscriptions)) : "/subscriptions/${id}"]

  permissions {
    actions = each.value.Actions
  }
}

resource "azurerm_role_assignment" "bot" {
  for_each           = local.assignments
  scope              = each.value.scope
  role_definition_id = azurerm_role_definition.bot[each.value.role].role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.bot.principal_id
  principal_type     = "ServicePrincipal"
}
