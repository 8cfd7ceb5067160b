# The settings of each app. handlers/settings says what each means; `make check-deploy` checks that every one which is needed
# is set, and none that no code reads.

variable "settings" {
  description = "More settings, by app, as local.settings.json.example names them: REKEY_DOMAINS, REKEY_DEPLOYERS, REKEY_OWN_NETWORKS, REKEY_NEVER_TOUCH, REKEY_MODE ... They win over the plan's own."
  type        = map(map(string))
  default     = {}
  validation {
    condition     = alltrue([for app, s in var.settings : contains(["detect", "face", "respond"], app) && alltrue([for n in keys(s) : can(regex("^REKEY_[A-Z0-9_]+$", n))])])
    error_message = "By app (detect, face, respond), names that begin with REKEY_."
  }
  validation {
    condition = alltrue([for s in values(var.settings) : alltrue([for name, value in s :
      !can(regex("(_KEY|_CONNECTION_STRING|^REKEY_PAGE_(SECOND_)?URL)$", name)) || startswith(value, "@Microsoft.KeyVault(")
    ])])
    error_message = "What is secret may not stand in a plan: write it into the settings vault and name it, @Microsoft.KeyVault(SecretUri=https://<vault>.vault.azure.net/secrets/<name>)."
  }
}

variable "api_audience" {
  description = "Whom access tokens for the HTTP functions are for: the client id of the API's app registration and its App ID URI, as `rekey setup` prints them. Until it is set, face answers 503 to everybody."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for a in var.api_audience : can(regex("^(api://[^, ]+|https://[^, ]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$", a))])
    error_message = "A client id (GUID) and an App ID URI are expected, like api://rekey."
  }
}

variable "gather" {
  description = "Seconds that a stream function waits for more messages of a partition before it works on fewer than eight. Each batch is an execution of at least one second and a checkpoint, so a few seconds save most of the cost; the export of logs takes minutes before. 0: each message at once. See docs/operations.md."
  type        = number
  default     = 5
  validation {
    condition     = var.gather >= 0 && var.gather <= 59 && floor(var.gather) == var.gather
    error_message = "0 to 59 whole seconds."
  }
}

locals {
  # What every app needs to reach its host account and to log, as its identity.
  host_settings = { for app in local.apps : app => {
    AzureWebJobsStorage__accountName          = local.host_account_name[app]
    AzureWebJobsStorage__credential           = "managedidentity"
    AzureWebJobsStorage__clientId             = local.identity[app].client_id
    APPLICATIONINSIGHTS_CONNECTION_STRING     = local.connection_string
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${local.identity[app].client_id};Authorization=AAD"
    # The alerts count records of the log: none may be sampled away.
    AzureFunctionsJobHost__logging__applicationInsights__samplingSettings__isEnabled = "false"

    REKEY_CLIENT_ID       = local.identity[app].client_id
    REKEY_STATE_TABLE_URL = "https://${local.state_name}.table.core.windows.net"
    REKEY_STATE_QUEUE_URL = "https://${local.state_name}.queue.core.windows.net"
    REKEY_STATE_BLOB_URL  = "https://${local.state_name}.blob.core.windows.net"
  } }

  # What detect and respond judge by.
  judge_settings = {
    REKEY_TENANT_ID  = var.tenant_id
    REKEY_HASH_KEY   = "@Microsoft.KeyVault(SecretUri=${local.hash_key_uri})"
    REKEY_RESPOND_ID = local.identity["respond"].client_id
    REKEY_OWN_SCOPES = join(",", distinct([local.group_id, local.namespace_id, local.vault_id]))
  }

  # host.json has what is right on one machine: each message at once.
  gather_settings = var.gather == 0 ? {} : {
    AzureFunctionsJobHost__extensions__eventHubs__minEventBatchSize = "8"
    AzureFunctionsJobHost__extensions__eventHubs__maxWaitTime       = format("00:00:%02d", var.gather)
  }

  hub_settings = merge(
    local.gather_settings,
    { REKEY_CONSUMER_GROUP = var.consumer_group },
    { for hub in local.hubs : hub.setting => hub.name },
    { for name, id in local.connections : "${name}__fullyQualifiedNamespace" => "${reverse(split("/", id))[0]}.servicebus.windows.net" },
    { for name, id in local.connections : "${name}__credential" => "managedidentity" },
    { for name, id in local.connections : "${name}__clientId" => local.identity["detect"].client_id },
  )

  app_settings = {
    detect = merge(local.judge_settings, local.hub_settings, { REKEY_UPKEEP_SCHEDULE = "0 7 * * * *" })
    face   = { REKEY_TENANT_ID = var.tenant_id, REKEY_API_AUDIENCE = join(",", var.api_audience) }
    respond = merge(local.judge_settings, {
      REKEY_VAULT_URL              = "https://${local.vault_name}.vault.azure.net"
      REKEY_SWEEP_SCHEDULE         = "0 */2 * * * *"
      REKEY_NOTICES_HUB            = var.notices_hub
      REKEY_NOTICES_NAMESPACE      = "${reverse(split("/", local.namespace_id))[0]}.servicebus.windows.net"
      REKEY_STATE__queueServiceUri = "https://${local.state_name}.queue.core.windows.net"
      REKEY_STATE__credential      = "managedidentity"
      REKEY_STATE__clientId        = local.identity["respond"].client_id
    })
  }

  settings = { for app in local.apps : app => merge(local.host_settings[app], local.telemetry_settings, local.app_settings[app], lookup(var.settings, app, {})) }
}
