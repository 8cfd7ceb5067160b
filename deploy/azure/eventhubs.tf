# The hubs that logs arrive in. Azure writes into them by a SAS rule of the namespace: diagnostic settings know no other way,
# so keys cannot be switched off for a namespace. Rekey itself reads as an identity.
#
# The diagnostic settings of a vault accept only a namespace of the vault's region. For each region of var.vaults but
# var.location a namespace with one hub is made there, and `make package VAULT_REGIONS=n` packs one vaultlogs function for each.

variable "event_hubs" {
  description = "Hubs that exist already, instead of new ones: the namespace's id, its rule that Azure writes by (id), and the hubs' names by stream (signins, auditlogs, vaultlogs, graphlogs, activitylogs, riskevents). The plan adds a consumer group to each."
  type        = object({ namespace_id = string, rule_id = string, hubs = map(string) })
  default     = null
  validation {
    condition = var.event_hubs == null ? true : (
      toset(keys(var.event_hubs.hubs)) == toset(["signins", "auditlogs", "vaultlogs", "graphlogs", "activitylogs", "riskevents"]) &&
      can(regex("(?i)/providers/Microsoft.EventHub/namespaces/[^/]+$", var.event_hubs.namespace_id)) &&
      can(regex("(?i)/authorizationRules/[^/]+$", var.event_hubs.rule_id))
    )
    error_message = "The id of a namespace, the id of one of its rules, and a hub for each of the six streams are expected."
  }
}

variable "consumer_group" {
  description = "The consumer group that Rekey reads by: one of its own, so that nobody else moves its checkpoints."
  type        = string
  default     = "rekey"
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,48}[a-z0-9]$", var.consumer_group))
    error_message = "2 to 50 small letters, digits and hyphens; not $Default, which everybody uses."
  }
}

variable "partitions" {
  description = "Partitions of each hub: at most so many instances work on a stream at once. It cannot be changed later in the tier Standard. 4 is enough for 1 M sign-ins a day."
  type        = number
  default     = 4
  validation {
    condition     = var.partitions >= 1 && var.partitions <= 32
    error_message = "1 to 32 partitions."
  }
}

variable "retention_hours" {
  description = "Hours that a hub keeps records. The hub is where records wait while something is broken: it is the time that there is to mend it."
  type        = number
  default     = 168
  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 168
    error_message = "24 to 168 hours: the tier Standard keeps no longer."
  }
}

variable "notices_hub" {
  description = "Name of the hub that Rekey tells of every detection and every state of an operation (docs/notices.md). It is made in the namespace of the streams; whoever reads it needs Azure Event Hubs Data Receiver on it and a consumer group."
  type        = string
  default     = "notices"
  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}[a-zA-Z0-9]$", var.notices_hub)) && !contains(["signins", "auditlogs", "vaultlogs", "graphlogs", "activitylogs", "riskevents"], var.notices_hub)
    error_message = "2 to 256 letters, digits, dots, hyphens and underscores, and not the name of a stream: what Rekey writes there must not come back as a log."
  }
}

variable "throughput_units" {
  description = "Throughput units of the namespace at rest, each 1 MB a second in; up to 4 times as many are taken by themselves."
  type        = number
  default     = 1
  validation {
    condition     = var.throughput_units >= 1 && var.throughput_units <= 10
    error_message = "1 to 10 units."
  }
}

locals {
  streams = ["signins", "auditlogs", "vaultlogs", "graphlogs", "activitylogs", "riskevents"]

  # Regions of vaults that need a namespace of their own, in the order in which functions are numbered: vaultlogs2, vaultlogs3 ...
  vault_regions = sort(tolist(setsubtract(toset([for v in values(var.vaults) : v.location]), [var.location])))

  # The namespaces that are made: one for all streams, unless it exists, and one a region.
  namespaces = merge(
    var.event_hubs == null ? { main = var.location } : {},
    { for region in local.vault_regions : region => region },
  )
  made_namespace_id = { for key, region in local.namespaces : key => "${local.group_id}/providers/Microsoft.EventHub/namespaces/${var.name}-${region}-${local.unique}" }
  namespace_id      = var.event_hubs == null ? local.made_namespace_id["main"] : var.event_hubs.namespace_id

  # What Azure writes by, for each region that a namespace is in.
  rule_id = merge(
    { (var.location) = var.event_hubs == null ? "${local.namespace_id}/authorizationRules/azure" : var.event_hubs.rule_id },
    { for region in local.vault_regions : region => "${local.made_namespace_id[region]}/authorizationRules/azure" },
  )

  # Every hub that is read. A hub in another region has another name, because state is kept by hub and partition.
  hubs = merge(
    { for s in local.streams : s => {
      stream = s, namespace = "main", made = var.event_hubs == null, connection = "REKEY_EVENTHUB", setting = "REKEY_HUB_${upper(s)}"
      name   = var.event_hubs == null ? s : var.event_hubs.hubs[s]
      id     = "${local.namespace_id}/eventhubs/${var.event_hubs == null ? s : var.event_hubs.hubs[s]}"
    } },
    { for i, region in local.vault_regions : "vaultlogs${i + 2}" => {
      stream = "vaultlogs", namespace = region, made = true, connection = "REKEY_EVENTHUB${i + 2}", setting = "REKEY_HUB_VAULTLOGS${i + 2}"
      name   = "vaultlogs-${region}"
      id     = "${local.made_namespace_id[region]}/eventhubs/vaultlogs-${region}"
    } },
  )
  # The hub that Rekey writes: every detection and every state of an operation, for whoever reads it (docs/notices.md).
  notices_id = "${local.namespace_id}/eventhubs/${var.notices_hub}"

  connections = merge(
    { REKEY_EVENTHUB = local.namespace_id },
    { for i, region in local.vault_regions : "REKEY_EVENTHUB${i + 2}" => local.made_namespace_id[region] },
  )
}

resource "azapi_resource" "namespace" {
  for_each  = local.namespaces
  type      = "Microsoft.EventHub/namespaces@2024-01-01"
  parent_id = azapi_resource.group.id
  name      = "${var.name}-${each.value}-${local.unique}"
  location  = each.value
  tags      = var.tags
  body = {
    sku = { name = "Standard", tier = "Standard", capacity = var.throughput_units }
    properties = {
      isAutoInflateEnabled   = true
      maximumThroughputUnits = 4 * var.throughput_units
      minimumTlsVersion      = "1.2"
      disableLocalAuth       = false
      publicNetworkAccess    = "Enabled"
    }
  }
}

# With a private network only it and Azure's own services reach the hubs: diagnostic settings come in as a trusted service.
resource "azapi_update_resource" "namespace_network" {
  for_each  = local.private ? local.namespaces : {}
  type      = "Microsoft.EventHub/namespaces/networkRuleSets@2024-01-01"
  parent_id = azapi_resource.namespace[each.key].id
  name      = "default"
  body = {
    properties = { defaultAction = "Deny", publicNetworkAccess = "Enabled", trustedServiceAccessEnabled = true, ipRules = [], virtualNetworkRules = [] }
  }
}

# The rule of diagnostic settings: Azure asks for all three rights. Its keys are used by Azure alone; nobody needs to list them.
resource "azapi_resource" "rule" {
  for_each  = local.namespaces
  type      = "Microsoft.EventHub/namespaces/authorizationRules@2024-01-01"
  parent_id = azapi_resource.namespace[each.key].id
  name      = "azure"
  body      = { properties = { rights = ["Listen", "Manage", "Send"] } }
}

resource "azapi_resource" "hub" {
  for_each  = { for key, hub in local.hubs : key => hub if hub.made }
  type      = "Microsoft.EventHub/namespaces/eventhubs@2024-01-01"
  parent_id = azapi_resource.namespace[each.value.namespace].id
  name      = each.value.name
  body = {
    properties = {
      partitionCount       = var.partitions
      retentionDescription = { cleanupPolicy = "Delete", retentionTimeInHours = var.retention_hours }
    }
  }
}

resource "azapi_resource" "notices" {
  type      = "Microsoft.EventHub/namespaces/eventhubs@2024-01-01"
  parent_id = local.namespace_id
  name      = var.notices_hub
  body = {
    properties = {
      partitionCount       = var.partitions
      retentionDescription = { cleanupPolicy = "Delete", retentionTimeInHours = var.retention_hours }
    }
  }
  depends_on = [azapi_resource.namespace]
}

resource "azapi_resource" "consumer_group" {
  for_each   = local.hubs
  type       = "Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01"
  parent_id  = each.value.id
  name       = var.consumer_group
  body       = { properties = { userMetadata = "Rekey's own: nobody else may read by it" } }
  depends_on = [azapi_resource.hub]
}
