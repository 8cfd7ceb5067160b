package functions

import (
	"encoding/base64"
	"fmt"
)

// decodeMessage gives the bytes that were put into the queue.
func decodeMessage(text, encoding string) ([]byte, error) {
	if encoding == "none" {
		return []byte(text), nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("decoding message: %w", err)
	}
	return b, nil
}

// messageDelivery describes a message. The text of one whose type is string leaks its properties.
func messageDelivery(f *function, m *message, payload []byte) delivery {
	meta := object{
		{"QueueTrigger", string(payload)}, // the host drops it by its name
		{"DequeueCount", m.dequeues},
		{"ExpirationTime", m.expires},
		{"Id", m.id},
		{"InsertionTime", m.inserted},
		{"NextVisibleTime", m.visible},
		{"PopReceipt", m.receipt},
	}
	if f.trigger.DataType == "binary" {
		return delivery{value(payload), meta}
	}
	return delivery{value(string(payload)), leak(meta, string(payload))}
}
