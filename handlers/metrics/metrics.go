// Package metrics says which numbers of the wide events are metrics.
package metrics

import (
	"rekey/shared/azure/traced"
	"rekey/shared/host/otlp"
	"rekey/shared/order"
	"rekey/shared/remedy"
	"rekey/shared/score"
)

// Instruments are the metrics beside those that every invocation has: which numbers of the wide event feed them, and all
// the values that a label can have. No label is an id.
func Instruments() []otlp.Instrument {
	out := []otlp.Instrument{
		{From: "records", Name: "rekey.records", Unit: "{record}", Help: "Log records that were decoded."},
		{From: "skipped", Name: "rekey.records.skipped", Unit: "{record}", Help: "Log records that say nothing about a workload identity."},
		{From: "dead_letters", Name: "rekey.dead_letters", Unit: "{letter}", Help: "Messages and records that could not be read and were parked."},
		{From: "pages", Name: "rekey.pages", Unit: "{page}", Help: "Calls to people."},
		{From: traced.Throttled, Name: "rekey.throttled", Unit: "{answer}", Help: "Answers of Azure and Graph that said to come later."},
		{From: "detect_lag_ms", Lapse: true, Name: "rekey.detect.lag", Help: "From a record's time to its detection: the export of logs takes most of it."},
		{From: "hub_age_ms", Lapse: true, Name: "rekey.hub.age", Help: "How long the oldest event of a batch lay in the hub."},
		{From: "queue_age_ms", Lapse: true, Name: "rekey.queue.age", Help: "How long a doorbell rang before it was heard."},
	}
	add := func(prefix string, i otlp.Instrument, values ...string) {
		for _, v := range values {
			i.From, i.Value = prefix+v, v
			out = append(out, i)
		}
	}
	add("detections_", otlp.Instrument{Name: "rekey.detections", Unit: "{detection}", Help: "Detections that are new or were raised, by level.", Label: "level"},
		string(score.LevelLow), string(score.LevelMedium), string(score.LevelHigh))
	add("operations_", otlp.Instrument{Name: "rekey.operations", Unit: "{operation}", Help: "Evictions and rotations that were worked on, by the state they were left in.", Label: "state"},
		string(remedy.StatePlanned), string(remedy.StateAwaitingApproval), string(remedy.StateRunning), string(remedy.StateWatching), string(remedy.StateContained),
		string(remedy.StateDone), string(remedy.StateFailed), string(remedy.StateRejected), string(remedy.StateCancelled))
	add("orders_", otlp.Instrument{Name: "rekey.orders", Unit: "{order}", Help: "Orders of people that ended, by how.", Label: "state"}, string(order.Succeeded), string(order.Failed))
	add("steps_", otlp.Instrument{Name: "rekey.steps", Unit: "{step}", Help: "Steps of evictions and rotations, by what they came to.", Label: "result"}, "done", "refused", "retried", "failed")
	add(traced.Calls(""), otlp.Instrument{Name: "rekey.calls", Unit: "{call}", Help: "Calls to Azure and Graph, every try of them.", Label: "service"}, traced.Kinds...)
	return out
}
