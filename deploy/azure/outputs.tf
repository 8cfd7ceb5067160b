output "apps" {
  description = "The names of the function apps, to publish packages to."
  value       = local.app_name
}

output "group" {
  description = "The resource group that everything is in."
  value       = local.group
}

output "face_url" {
  description = "The address of the HTTP functions."
  value       = "https://${local.app_name["face"]}.azurewebsites.net/api"
}

output "identities" {
  description = "The apps' identities: respond's gets its Graph permissions by `rekey setup --outputs`."
  value       = local.identity
}

output "entra_diagnostics" {
  description = "What `rekey setup` writes into the tenant's diagnostic settings: the rule that Azure writes by, and the categories of each hub."
  value = {
    rule_id = local.rule_id[var.location]
    hubs    = { for stream, categories in local.entra_logs : local.hubs[stream].name => categories }
  }
}

output "hash_key" {
  description = "The settings vault, in which the secret hash-key has to be written once."
  value       = local.vault_names["settings"]
}

output "vault_regions" {
  description = "The number to give to `make package VAULT_REGIONS=n`: regions of vaults beside the first."
  value       = length(local.vault_regions)
}

output "environment" {
  description = "What the commands of rekey read from their environment, in the name of whoever is signed in to Azure CLI."
  value = {
    REKEY_AS                                = "cli"
    REKEY_TENANT_ID                         = var.tenant_id
    REKEY_STATE_TABLE_URL                   = "https://${local.state_name}.table.core.windows.net"
    REKEY_STATE_QUEUE_URL                   = "https://${local.state_name}.queue.core.windows.net"
    REKEY_STATE_BLOB_URL                    = "https://${local.state_name}.blob.core.windows.net"
    REKEY_EVENTHUB__fullyQualifiedNamespace = "${reverse(split("/", local.namespace_id))[0]}.servicebus.windows.net"
  }
}
