package functions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

// eventDelivery describes a batch of one partition, or a single event. The .NET type behind dataType and cardinality
// decides how the payload is written: see payloads.
func eventDelivery(f *function, hub hubLocation, partition string, batch []*azeventhubs.ReceivedEventData) (delivery, error) {
	place := object{
		{"IsCheckpointingAfterInvocation", true}, {"FullyQualifiedNamespace", hub.namespace},
		{"EventHubName", hub.name}, {"ConsumerGroup", hub.group}, {"PartitionId", partition},
	}
	meta := object{{"TriggerPartitionContext", place}, {"PartitionContext", place}}
	if f.trigger.Cardinality != "many" {
		return single(f, meta, batch[0]), nil
	}
	payload, err := payloads(f.trigger.DataType, batch)
	return delivery{value(payload), append(meta, arrays(batch)...)}, err
}

// payloads is byte[][], string[] or object[]. The last reads every event as JSON, so that one that is not fails all.
func payloads(dataType string, batch []*azeventhubs.ReceivedEventData) (array, error) {
	out := make(array, len(batch))
	for i, e := range batch {
		switch dataType {
		case "binary":
			out[i] = e.Body // encoding/json writes bytes as base64
		case "string":
			out[i] = string(e.Body)
		default:
			var compact bytes.Buffer
			if json.Compact(&compact, e.Body) != nil {
				return nil, fmt.Errorf("binding event %d as JSON: it is not JSON: set dataType", e.SequenceNumber)
			}
			out[i] = json.RawMessage(compact.Bytes())
		}
	}
	return out, nil
}

// arrays is the metadata of a batch: one array for each property.
func arrays(batch []*azeventhubs.ReceivedEventData) object {
	each := func(get func(*azeventhubs.ReceivedEventData) any) array {
		out := make(array, len(batch))
		for i, e := range batch {
			out[i] = get(e)
		}
		return out
	}
	offset := func(e *azeventhubs.ReceivedEventData) any { return e.Offset }
	return object{
		{"PartitionKeyArray", each(partitionKey)},
		{"OffsetArray", each(offset)},
		{"OffsetStringArray", each(offset)},
		{"SequenceNumberArray", each(func(e *azeventhubs.ReceivedEventData) any { return e.SequenceNumber })},
		{"EnqueuedTimeUtcArray", each(func(e *azeventhubs.ReceivedEventData) any { return enqueued(e).Format(ticks) })},
		{"PropertiesArray", each(func(e *azeventhubs.ReceivedEventData) any { return properties(e) })},
		{"SystemPropertiesArray", each(func(e *azeventhubs.ReceivedEventData) any { return systemProperties(e) })},
	}
}

// single is the delivery of cardinality one. A string leaks its properties; the key of an event that has none is absent.
func single(f *function, meta object, e *azeventhubs.ReceivedEventData) delivery {
	if e.PartitionKey != nil {
		meta = append(meta, member{"PartitionKey", *e.PartitionKey})
	}
	meta = append(meta, object{
		{"Offset", e.Offset}, {"OffsetString", e.Offset}, {"SequenceNumber", e.SequenceNumber}, {"EnqueuedTimeUtc", clock(enqueued(e))},
		{"Properties", properties(e)}, {"SystemProperties", systemProperties(e)},
	}...)
	if f.trigger.DataType == "binary" {
		return delivery{value(e.Body), meta}
	}
	return delivery{value(string(e.Body)), leak(meta, string(e.Body))}
}

// properties are the sender's.
func properties(e *azeventhubs.ReceivedEventData) json.RawMessage {
	if len(e.Properties) == 0 {
		return json.RawMessage("{}")
	}
	return json.RawMessage(text(e.Properties))
}

// systemProperties are the service's, with the AMQP annotations that have no name of their own.
func systemProperties(e *azeventhubs.ReceivedEventData) object {
	out := object{
		{"SequenceNumber", e.SequenceNumber}, {"Offset", numericOffset(e.Offset)}, {"OffsetString", e.Offset},
		{"PartitionKey", partitionKey(e)}, {"EnqueuedTimeUtc", enqueued(e).Format(ticks)},
	}
	for _, m := range sorted(e.SystemProperties) {
		out = out.set(m.name, m.value)
	}
	return out
}

// numericOffset is -1 for the offsets of a hub with geo-replication, which are no numbers.
func numericOffset(offset string) int64 {
	n, err := strconv.ParseInt(offset, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func partitionKey(e *azeventhubs.ReceivedEventData) any {
	if e.PartitionKey == nil {
		return nil
	}
	return *e.PartitionKey
}

func enqueued(e *azeventhubs.ReceivedEventData) time.Time {
	if e.EnqueuedTime == nil {
		return time.Time{}
	}
	return e.EnqueuedTime.UTC()
}
