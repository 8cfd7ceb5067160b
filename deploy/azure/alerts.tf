# Who is told, and of what. Every alert has a page of its name in docs/playbooks that says what to do; `make check-deploy` fails
# if one is missing. Rekey's own calls to people (approval needed, cap reached, journal stuck, ledger broken ...) go to
# REKEY_PAGE_URL; without it they are errors in the log, and the alert page-undelivered brings them to these people.

variable "alert_emails" {
  description = "Addresses that alerts are mailed to."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for a in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+$", a))])
    error_message = "Mail addresses are expected."
  }
}

variable "action_groups" {
  description = "Ids of action groups that exist already and are told, too."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for id in var.action_groups : can(regex("(?i)/providers/microsoft.insights/actionGroups/[^/]+$", id))])
    error_message = "Ids of action groups are expected."
  }
}

variable "playbook_url" {
  description = "Where docs/playbooks is published: an alert names its page by this and its own name."
  type        = string
  default     = "docs/playbooks"
}

variable "silence" {
  description = "After how many hours without a message a stream's silence is an alert, by stream: 1, 6, 12 or 24. Streams that are left out may be silent."
  type        = map(number)
  default     = { signins = 1, auditlogs = 24, activitylogs = 24, vaultlogs = 24 }
  validation {
    condition     = alltrue([for s, h in var.silence : contains(["signins", "auditlogs", "vaultlogs", "graphlogs", "activitylogs", "riskevents"], s) && contains([1, 6, 12, 24], h)])
    error_message = "By stream, 1, 6, 12 or 24 hours."
  }
}

locals {
  action_groups = concat(var.action_groups, length(var.alert_emails) > 0 ? ["${local.group_id}/providers/Microsoft.Insights/actionGroups/${var.name}"] : [])

  # Records of Rekey's log: one line of JSON each, as the host passes it on.
  log = <<-EOT
    AppTraces
    | where _ResourceId =~ '${local.insights_id}'
    | extend r = parse_json(Message)
    | where isnotempty(r.msg)
    | extend function = tostring(r.function), outcome = tostring(r.outcome), error = tostring(r.error)
  EOT

  # What the log is asked. Each row of an answer is an alert, told apart by its first column.
  log_alerts = {
    success-absent = {
      severity = 1, every = "PT15M", window = "PT3H", by = "function"
      says     = "A function of the clock has not succeeded for longer than it may take: nothing is rung for again (sweep), or nothing is folded and no silence is noticed (upkeep)."
      query    = <<-EOT
        datatable(function: string, allowed: timespan) ['sweep', 15m, 'upkeep', 150m]
        | join kind=leftouter (${chomp(local.log)} | where outcome == 'success' | summarize newest = max(TimeGenerated) by function) on function
        | where isnull(newest) or newest < ago(allowed)
        | project function
      EOT
    }
    function-failing = {
      severity = 1, every = "PT15M", window = "PT1H", by = "function"
      says     = "A function fails and has not succeeded for an hour. The hub or queue keeps what it was to do, but not for ever."
      query    = <<-EOT
        ${chomp(local.log)}
        | where r.msg == 'invocation' and isnotempty(function)
        | summarize good = countif(outcome == 'success'), bad = countif(outcome != 'success') by function
        | where bad >= 3 and good == 0
        | project function
      EOT
    }
    not-ready = {
      severity = 1, every = "PT5M", window = "PT15M", by = "app"
      says     = "A setting is missing or wrong: the app answers and does nothing. Its log says which setting."
      query    = <<-EOT
        ${chomp(local.log)}
        | where r.msg == 'not ready'
        | distinct app = AppRoleName
      EOT
    }
    acts-refused = {
      severity = 2, every = "PT15M", window = "PT1H", by = "function"
      says     = "Something was refused, or met a limit: repeating cannot help, somebody has to look."
      query    = <<-EOT
        ${chomp(local.log)}
        | where outcome in ('denied', 'limit', 'poison')
        | distinct function
      EOT
    }
    dead-letters = {
      severity = 2, every = "PT15M", window = "PT1H", by = "function"
      says     = "Records could not be read, and wait as dead letters."
      query    = <<-EOT
        ${chomp(local.log)}
        | where toint(r.dead_letters) > 0
        | distinct function
      EOT
    }
    notices-undelivered = {
      severity = 2, every = "PT15M", window = "PT1H", by = "function"
      says     = "Programs outside are not told: the hub of notices takes nothing. Nothing is lost, and no remediation waits for it."
      query    = <<-EOT
        ${chomp(local.log)}
        | where r.msg == 'invocation' and function == 'publish'
        | summarize good = sum(coalesce(toint(r.notices), 0)), bad = sum(coalesce(toint(r.notices_undelivered), 0)) by function
        | where bad > 0 and good == 0
        | project function
      EOT
    }
    callbacks-given-up = {
      severity = 3, every = "PT15M", window = "PT1H", by = "function"
      says     = "Who subscribed was not told: calls were refused, or nothing took them for a day. What was given up can be delivered again."
      query    = <<-EOT
        ${chomp(local.log)}
        | where toint(r.callbacks_dead) > 0
        | distinct function
      EOT
    }
    throttled = {
      severity = 2, every = "PT15M", window = "PT1H", by = "function"
      says     = "Microsoft Graph, Azure or storage answers that there are too many requests: what is waiting takes longer."
      query    = <<-EOT
        ${chomp(local.log)}
        | where toint(r.throttled) > 0
        | summarize times = sum(toint(r.throttled)) by function
        | where times >= 20
        | project function
      EOT
    }
    page-undelivered = {
      severity = 0, every = "PT5M", window = "PT15M", by = "reason"
      says     = "Rekey calls people, and has no address to call: the reason is the name of the playbook to read."
      query    = <<-EOT
        ${chomp(local.log)}
        | where r.msg == 'page'
        | distinct reason = tostring(r.reason)
      EOT
    }
  }
}

resource "azapi_resource" "action_group" {
  count     = length(var.alert_emails) > 0 ? 1 : 0
  type      = "Microsoft.Insights/actionGroups@2023-01-01"
  parent_id = azapi_resource.group.id
  name      = var.name
  location  = "global"
  tags      = var.tags
  body = {
    properties = {
      enabled        = true
      groupShortName = var.name
      emailReceivers = [for a in var.alert_emails : { name = a, emailAddress = a, useCommonAlertSchema = true }]
    }
  }
}

resource "azapi_resource" "log_alert" {
  for_each  = local.log_alerts
  type      = "Microsoft.Insights/scheduledQueryRules@2022-06-15"
  parent_id = azapi_resource.group.id
  name      = "${var.name}-${each.key}"
  location  = var.location
  tags      = var.tags
  body = {
    kind = "LogAlert"
    properties = {
      displayName         = each.key
      description         = "${each.value.says} ${var.playbook_url}/${each.key}.md"
      enabled             = true
      severity            = each.value.severity
      scopes              = [local.workspace_id]
      evaluationFrequency = each.value.every
      windowSize          = each.value.window
      # A new workspace has no table of traces before the first one arrives.
      skipQueryValidation = true
      autoMitigate        = true
      criteria = {
        allOf = [{
          query           = each.value.query
          timeAggregation = "Count"
          operator        = "GreaterThan"
          threshold       = 0
          dimensions      = [{ name = each.value.by, operator = "Include", values = ["*"] }]
          failingPeriods  = { numberOfEvaluationPeriods = 1, minFailingPeriodsToAlert = 1 }
        }]
      }
      actions = { actionGroups = local.action_groups }
    }
  }
  depends_on = [azapi_resource.workspace, azapi_resource.action_group]
}

# Whether such a rule fires when a hub gives out no value at all is not documented: docs/playbooks/stream-silent.md says what does
# not depend on it.
resource "azapi_resource" "stream_silent" {
  for_each  = { for key, hub in local.hubs : key => hub if contains(keys(var.silence), hub.stream) }
  type      = "Microsoft.Insights/metricAlerts@2018-03-01"
  parent_id = azapi_resource.group.id
  name      = "${var.name}-stream-silent-${each.key}"
  location  = "global"
  tags      = var.tags
  body = {
    properties = {
      description         = "No message arrived in the hub ${each.value.name} for ${var.silence[each.value.stream]} h: a log was switched off, or is late. ${var.playbook_url}/stream-silent.md"
      enabled             = true
      severity            = 1
      scopes              = [join("/", slice(split("/", each.value.id), 0, 9))]
      evaluationFrequency = "PT30M"
      windowSize          = var.silence[each.value.stream] == 24 ? "P1D" : "PT${var.silence[each.value.stream]}H"
      autoMitigate        = true
      criteria = {
        "odata.type" = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
        allOf = [{
          criterionType   = "StaticThresholdCriterion"
          name            = "silent"
          metricNamespace = "Microsoft.EventHub/namespaces"
          metricName      = "IncomingMessages"
          timeAggregation = "Total"
          operator        = "LessThanOrEqual"
          threshold       = 0
          dimensions      = [{ name = "EntityName", operator = "Include", values = [each.value.name] }]
        }]
      }
      actions = [for id in local.action_groups : { actionGroupId = id }]
    }
  }
  depends_on = [azapi_resource.hub, azapi_resource.action_group]
}

resource "azapi_resource" "hub_throttled" {
  for_each  = local.namespaces
  type      = "Microsoft.Insights/metricAlerts@2018-03-01"
  parent_id = azapi_resource.group.id
  name      = "${var.name}-hub-throttled-${each.key}"
  location  = "global"
  tags      = var.tags
  body = {
    properties = {
      description         = "The namespace in ${each.value} refuses messages, because more come than it takes: Azure may drop logs. ${var.playbook_url}/hub-throttled.md"
      enabled             = true
      severity            = 1
      scopes              = [local.made_namespace_id[each.key]]
      evaluationFrequency = "PT5M"
      windowSize          = "PT15M"
      autoMitigate        = true
      criteria = {
        "odata.type" = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
        allOf = [{
          criterionType   = "StaticThresholdCriterion"
          name            = "throttled"
          metricNamespace = "Microsoft.EventHub/namespaces"
          metricName      = "ThrottledRequests"
          timeAggregation = "Total"
          operator        = "GreaterThan"
          threshold       = 0
        }]
      }
      actions = [for id in local.action_groups : { actionGroupId = id }]
    }
  }
  depends_on = [azapi_resource.namespace, azapi_resource.action_group]
}

# The settings that send the logs: whoever deletes one blinds Rekey. A rule of activity logs is about the subscription that it is
# made in, so this one is about Rekey's own. Elsewhere, and in Entra, the detection diagnosticsChanged tells, from the activity
# logs of var.subscriptions.
resource "azapi_resource" "diagnostics_deleted" {
  type      = "Microsoft.Insights/activityLogAlerts@2020-10-01"
  parent_id = azapi_resource.group.id
  name      = "${var.name}-diagnostics-deleted"
  location  = "global"
  tags      = var.tags
  body = {
    properties = {
      description = "A diagnostic setting was deleted in Rekey's subscription ${var.subscription_id}. ${var.playbook_url}/diagnostics-deleted.md"
      enabled     = true
      scopes      = ["/subscriptions/${var.subscription_id}"]
      condition = { allOf = [
        { field = "category", equals = "Administrative" },
        { field = "operationName", equals = "Microsoft.Insights/diagnosticSettings/delete" },
      ] }
      actions = { actionGroups = [for id in local.action_groups : { actionGroupId = id }] }
    }
  }
  depends_on = [azapi_resource.action_group]
}

check "deleted_settings_are_told" {
  assert {
    condition     = alltrue([for v in values(var.vaults) : contains(concat(tolist(var.subscriptions), [var.subscription_id]), lower(split("/", v.id)[2]))])
    error_message = "The activity log of a vault's subscription is not watched: nothing tells who deletes the vault's diagnostic setting, only that the stream falls silent. Add the subscription to subscriptions."
  }
}
