# Telemetry beside the log: an OpenTelemetry collector that is told of every invocation and call, and the page on which the log
# is read. What the numbers mean stands in docs/operations.md.

variable "otlp" {
  description = "An OpenTelemetry collector that gets spans, metrics and log records by OTLP over HTTP: its URL, like https://collector.example.com:4318, and what it asks for as OTEL_EXPORTER_OTLP_HEADERS (a secret: a reference to the settings vault). With host = true the Functions host sends its own spans and logs there, too (telemetryMode of host.json): try on one app whether the alerts still find the log. settings: more of OpenTelemetry's own, like OTEL_TRACES_SAMPLER. null: none."
  type        = object({ endpoint = string, headers = optional(string, ""), host = optional(bool, false), settings = optional(map(string), {}) })
  default     = null
  validation {
    condition     = var.otlp == null ? true : can(regex("^https://[^/?#@]+(/[^?#]*)?$", var.otlp.endpoint)) && (var.otlp.headers == "" || startswith(var.otlp.headers, "@Microsoft.KeyVault("))
    error_message = "An https URL without a user, and headers that name a secret: @Microsoft.KeyVault(SecretUri=https://<vault>.vault.azure.net/secrets/<name>)."
  }
  validation {
    condition = var.otlp == null ? true : alltrue([for name, value in var.otlp.settings :
      can(regex("^OTEL_[A-Z0-9_]+$", name)) && !contains(["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"], name) && (!endswith(name, "_HEADERS") || startswith(value, "@Microsoft.KeyVault("))
    ])
    error_message = "Names that begin with OTEL_, without the endpoint and the headers that have their own place; headers of one signal name a secret, too: @Microsoft.KeyVault(SecretUri=...)."
  }
}

locals {
  telemetry_settings = var.otlp == null ? {} : merge(
    var.otlp.settings,
    { OTEL_EXPORTER_OTLP_ENDPOINT = var.otlp.endpoint },
    var.otlp.host ? { AzureFunctionsJobHost__telemetryMode = "OpenTelemetry" } : {},
    var.otlp.headers == "" ? {} : { OTEL_EXPORTER_OTLP_HEADERS = var.otlp.headers },
  )

  # One page, from what comes in to what is done about it.
  invocations = "${chomp(local.log)} | where r.msg == 'invocation'"
  panels = [
    {
      title = "Streams: records an hour", chart = "linechart"
      query = "${local.invocations} | where r.trigger == 'eventHub' | summarize records = sum(tolong(r.records)) by function, bin(TimeGenerated, 1h) | render timechart"
    },
    {
      title = "Streams: how long the oldest event of a batch lay in the hub, in seconds (95 % and the longest)", chart = "table"
      query = "${local.invocations} | where r.trigger == 'eventHub' | summarize p95 = percentile(todouble(r.hub_age_ms), 95) / 1000, longest = max(todouble(r.hub_age_ms)) / 1000, batches = count(), dead_letters = sum(tolong(r.dead_letters)) by function"
    },
    {
      title = "Detections: new or raised, by level", chart = "barchart"
      query = "${local.invocations} | where tolong(r.detections) > 0 | summarize high = sum(tolong(r.detections_high)), medium = sum(tolong(r.detections_medium)), low = sum(tolong(r.detections_low)) by bin(TimeGenerated, 1h)"
    },
    {
      title = "Detections: from the record's time to the detection, in seconds", chart = "table"
      query = "${local.invocations} | where isnotempty(r.detect_lag_ms) | summarize median = percentile(todouble(r.detect_lag_ms), 50) / 1000, p95 = percentile(todouble(r.detect_lag_ms), 95) / 1000 by function"
    },
    {
      title = "Operations: the state each was left in last", chart = "table"
      query = "${local.invocations} | where isnotempty(r.operation) or isnotempty(r.rotation) | extend id = coalesce(tostring(r.operation), tostring(r.rotation)), state = case(tolong(r.operations_failed) > 0, 'failed', tolong(r.operations_awaitingApproval) > 0, 'awaiting approval', tolong(r.operations_contained) > 0, 'contained', tolong(r.operations_running) > 0, 'running', tolong(r.operations_watching) > 0, 'watching', tolong(r.operations_done) > 0, 'done', tolong(r.operations_planned) > 0, 'planned', '') | where function in ('triage', 'evict', 'rotate') and isnotempty(state) | summarize arg_max(TimeGenerated, state, function, outcome) by id | order by TimeGenerated desc"
    },
    {
      title = "Steps of evictions and rotations", chart = "barchart"
      query = "${local.invocations} | where function in ('evict', 'rotate') | summarize done = sum(tolong(r.steps_done)), refused = sum(tolong(r.steps_refused)), retried = sum(tolong(r.steps_retried)), failed = sum(tolong(r.steps_failed)) by function, bin(TimeGenerated, 1h)"
    },
    {
      title = "Brakes: how far cases may go, what was held back, who was called", chart = "table"
      query = "${local.invocations} | summarize decided = countif(isnotempty(r.mode)), held = countif(outcome == 'limit'), pages = sum(tolong(r.pages)) by mode = tostring(r.mode), function | where decided + held + pages > 0"
    },
    {
      title = "Failures: what invocations came to", chart = "table"
      query = "${local.invocations} | where outcome != 'success' | summarize times = count(), newest = max(TimeGenerated), example = take_any(error) by function, outcome | order by times desc"
    },
    {
      title = "Latency: doorbells and invocations, in milliseconds", chart = "table"
      query = "${local.invocations} | summarize invocations = count(), bell_p95 = percentile(todouble(r.queue_age_ms), 95), took_p50 = percentile(todouble(r.duration_ms), 50), took_p95 = percentile(todouble(r.duration_ms), 95), retried = countif(tolong(r.retry) > 0) by function"
    },
    {
      title = "Cost: calls an hour by service, and answers that said later", chart = "linechart"
      query = "${local.invocations} | summarize tables = sum(tolong(r.calls_table)), queues = sum(tolong(r.calls_queue)), blobs = sum(tolong(r.calls_blob)), graph = sum(tolong(r.calls_graph)), arm = sum(tolong(r.calls_arm)), vaults = sum(tolong(r.calls_vault)), throttled = sum(tolong(r.throttled)) by bin(TimeGenerated, 1h) | render timechart"
    },
  ]
}

resource "azapi_resource" "workbook" {
  type      = "Microsoft.Insights/workbooks@2023-06-01"
  parent_id = azapi_resource.group.id
  name      = uuidv5("url", "${local.group_id}/rekey")
  location  = var.location
  tags      = var.tags
  body = {
    kind = "shared"
    properties = {
      displayName = "Rekey (${var.name})"
      category    = "workbook"
      sourceId    = local.workspace_id
      version     = "Notebook/1.0"
      serializedData = jsonencode({
        version = "Notebook/1.0"
        items = concat(
          [{
            type = 9, name = "time"
            content = {
              version = "KqlParameterItem/1.0", style = "pills"
              parameters = [{
                version      = "KqlParameterItem/1.0", name = "TimeRange", type = 4, isRequired = true, value = { durationMs = 86400000 }
                typeSettings = { selectableValues = [for ms in [3600000, 14400000, 86400000, 604800000] : { durationMs = ms }] }
              }]
            }
          }],
          [for i, p in local.panels : {
            type = 3, name = "panel${i}", customWidth = "50"
            content = {
              version   = "KqlItem/1.0", title = p.title, query = p.query, size = 0, visualization = p.chart
              queryType = 0, resourceType = "microsoft.operationalinsights/workspaces", timeContextFromParameter = "TimeRange"
            }
          }],
        )
        fallbackResourceIds = [local.workspace_id]
        "$schema"           = "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json"
      })
    }
  }
  depends_on = [azapi_resource.workspace]
}
