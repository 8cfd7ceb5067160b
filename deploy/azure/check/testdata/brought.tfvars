# Hubs and the vault for certificates exist already.

event_hubs = {
  namespace_id = "/subscriptions/99999999-8888-7777-6666-555555555557/resourceGroups/siem/providers/Microsoft.EventHub/namespaces/contoso-logs"
  rule_id      = "/subscriptions/99999999-8888-7777-6666-555555555557/resourceGroups/siem/providers/Microsoft.EventHub/namespaces/contoso-logs/authorizationRules/diagnostics"
  hubs = {
    signins      = "entra-signins"
    auditlogs    = "entra-audit"
    vaultlogs    = "keyvault"
    graphlogs    = "graph"
    activitylogs = "azure"
    riskevents   = "entra-risk"
  }
}

certificate_vault_id = "/subscriptions/99999999-8888-7777-6666-555555555557/resourceGroups/keys/providers/Microsoft.KeyVault/vaults/contoso-rekey"
