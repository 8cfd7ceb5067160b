package functions

import (
	"bytes"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

// The largest batch that host.json allows: sixteen events of 1 MiB.
func BenchmarkBodyOfSixteenMebibytes(b *testing.B) {
	f := &function{name: "signins", trigger: binding{Name: "events", Cardinality: "many", DataType: "binary"}}
	now := time.Now()
	batch := make([]*azeventhubs.ReceivedEventData, 16)
	for i := range batch {
		batch[i] = &azeventhubs.ReceivedEventData{EventData: azeventhubs.EventData{Body: bytes.Repeat([]byte("x"), 1<<20)}, EnqueuedTime: &now}
	}
	b.SetBytes(16 << 20)
	b.ReportAllocs()
	for b.Loop() {
		d, err := eventDelivery(f, exampleHub, "0", batch)
		if err != nil {
			b.Fatal(err)
		}
		body(f, d, 0, nil, now)
	}
}
