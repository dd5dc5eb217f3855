variable "subscription_id" {
  description = "The subscription of the identity and of the role definitions."
  type        = string
}

variable "further_subscriptions" {
  description = "Ids of further subscriptions in which the roles are assigned."
  type        = list(string)
  default     = []
}

variable "resource_group" {
  description = "The resource group of the identity; it must exist."
  type        = string
}

variable "location" {
  description = "The region of the identity."
  type        = string
}

variable "name" {
  description = "The name of the identity."
  type        = string
  default     = "egress-bot"
}

variable "oidc_issuer" {
  description = "The issuer of the AKS cluster where the bot runs: az aks show --query oidcIssuerProfile.issuerUrl."
  type        = string
}

variable "namespace" {
  description = "The namespace of the bot."
  type        = string
  default     = "egress-bot"
}

variable "service_account" {
  description = "The service account of the bot."
  type        = string
  default     = "egress-bot"
}

variable "scopes" {
  description = "The scopes on which each role of deploy/roles is assigned, by the name of its file; leave out what you do not use."
  type        = map(list(string))

  validation {
    condition     = contains(keys(var.scopes), "reader")
    error_message = "Every role needs the reader's beside it: assign reader on the subscriptions with clusters and firewalls."
  }
}
