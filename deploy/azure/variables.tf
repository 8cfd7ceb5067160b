# Where and as what. The other variables stand beside what they are about.

variable "tenant_id" {
  description = "The Entra tenant that is watched, and that the subscription belongs to: a GUID."
  type        = string
  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.tenant_id))
    error_message = "A GUID in lower case is expected, like 11111111-2222-3333-4444-555555555555."
  }
}

variable "subscription_id" {
  description = "The subscription that Rekey lives in. Best one of its own: whoever can change what is in it can stop the watch."
  type        = string
  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.subscription_id))
    error_message = "A GUID in lower case is expected, like 11111111-2222-3333-4444-555555555555."
  }
}

variable "location" {
  description = "The Azure region of everything but the hubs of vaults elsewhere, like westeurope. It must offer Flex Consumption (az functionapp list-flexconsumption-locations)."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9]+$", var.location))
    error_message = "A region's short name is expected, like westeurope."
  }
}

variable "name" {
  description = "What all names begin with: 2 to 11 small letters and digits. The names of storage accounts, vaults, apps and namespaces end with six characters more, so that they are free."
  type        = string
  default     = "rekey"
  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,10}$", var.name))
    error_message = "2 to 11 small letters and digits are expected, a letter first."
  }
}

variable "tags" {
  description = "Tags of every resource that can have some. With rekey=protected nothing of it is ever changed by Rekey without two people."
  type        = map(string)
  default     = { rekey = "protected" }
}

variable "skip_provider_registration" {
  description = "true when the resource providers are registered in the subscription already, and whoever applies the plan may not do it."
  type        = bool
  default     = false
}
