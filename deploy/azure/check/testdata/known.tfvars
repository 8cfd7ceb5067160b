# Everything known beforehand, and every option on: then azapi checks every body against its schema, none is left out because
# a part of it is only known after apply.

vault_api_version = "2023-07-01"

identities = {
  detect  = { id = "/subscriptions/99999999-8888-7777-6666-555555555555/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/detect", principal_id = "00000000-0000-0000-0000-0000000000d1", client_id = "00000000-0000-0000-0000-0000000000d2" }
  face    = { id = "/subscriptions/99999999-8888-7777-6666-555555555555/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/face", principal_id = "00000000-0000-0000-0000-0000000000f1", client_id = "00000000-0000-0000-0000-0000000000f2" }
  respond = { id = "/subscriptions/99999999-8888-7777-6666-555555555555/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/respond", principal_id = "00000000-0000-0000-0000-0000000000e1", client_id = "00000000-0000-0000-0000-0000000000e2" }
}

insights = {
  id                = "/subscriptions/99999999-8888-7777-6666-555555555555/resourceGroups/logs/providers/Microsoft.Insights/components/all"
  connection_string = "InstrumentationKey=00000000-0000-0000-0000-000000000000"
  workspace_id      = "/subscriptions/99999999-8888-7777-6666-555555555555/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/all"
}

private_network = "10.60.0.0/24"
deploy_from     = ["192.0.2.0/24"]
face_from       = ["198.51.100.0/24"]
action_groups   = ["/subscriptions/99999999-8888-7777-6666-555555555555/resourceGroups/ops/providers/Microsoft.Insights/actionGroups/oncall"]

acts = {
  look           = ["/providers/Microsoft.Management/managementGroups/contoso"]
  cut_vaults     = ["/subscriptions/99999999-8888-7777-6666-555555555556"]
  restore_vaults = ["/subscriptions/99999999-8888-7777-6666-555555555556"]
  federated      = ["/subscriptions/99999999-8888-7777-6666-555555555556"]
  detach         = ["/subscriptions/99999999-8888-7777-6666-555555555556"]
  secrets        = ["/subscriptions/99999999-8888-7777-6666-555555555556/resourceGroups/payments/providers/Microsoft.KeyVault/vaults/kv-payments"]
  certificates   = ["/subscriptions/99999999-8888-7777-6666-555555555556/resourceGroups/payments/providers/Microsoft.KeyVault/vaults/kv-payments"]
  keys           = ["/subscriptions/99999999-8888-7777-6666-555555555556/resourceGroups/payments"]
}
otlp = {
  endpoint = "https://collector.example.com:4318"
  headers  = "@Microsoft.KeyVault(SecretUri=https://contoso-settings.vault.azure.net/secrets/otlp)"
  host     = true
  settings = { OTEL_METRIC_EXPORT_INTERVAL = "30000" }
}
