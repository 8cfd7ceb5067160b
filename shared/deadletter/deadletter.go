// Package deadletter parks what cannot be decoded, byte for byte, so that nothing is lost: a blob with the bytes and a
// row to list and replay it by.
package deadletter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/store"
)

// The states of a letter.
const (
	Parked   = "parked"
	Replayed = "replayed"
)

// Letter says where a piece of input came from and why it is parked. Record is its place in the message, from 0, or
// -1 for the whole message.
type Letter struct {
	Hub       string    `json:"hub"`
	Partition string    `json:"partition"`
	Sequence  int64     `json:"sequence"`
	Record    int       `json:"record"`
	Reason    string    `json:"reason"`
	Parked    time.Time `json:"parked"`
	Replayed  time.Time `json:"replayed,omitzero"`
	Size      int       `json:"size"`
	Digest    string    `json:"digest"` // of the bytes; set by Park. A hub that is made anew counts from 0 again
	Status    string    `json:"status"`
}

// maxReason bounds the reason: it may quote input.
const maxReason = 500

// Blob is the name of the blob with the bytes: hub, partition, sequence, record and digest.
func (l Letter) Blob() string {
	return fmt.Sprintf("%s/%s/%019d/%s-%s", l.Hub, l.Partition, l.Sequence, l.record(), l.Digest)
}

func (l Letter) record() string {
	if l.Record < 0 {
		return "message"
	}
	return fmt.Sprintf("%06d", l.Record)
}

// key sorts letters of a hub by partition, sequence and record.
func (l Letter) key() string {
	return fmt.Sprintf("%6s-%019d-%s-%s", l.Partition, l.Sequence, l.record(), l.Digest)
}

// digest tells different bytes apart.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// Box is where letters are parked.
type Box struct {
	Rows  store.Table
	Blobs store.Blobs
}

// Park stores a letter, the bytes first. Parking the same letter again is success: redelivery does that.
func (b Box) Park(ctx context.Context, l Letter, body []byte) error {
	l.Status, l.Size, l.Digest = Parked, len(body), digest(body)
	l.Reason = strings.ToValidUTF8(l.Reason[:min(len(l.Reason), maxReason)], "")
	if err := b.Blobs.Write(ctx, l.Blob(), body); err != nil {
		return fmt.Errorf("parking %s: %w", l.Blob(), err)
	}
	err := b.put(ctx, l, "")
	if errors.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

func (b Box) put(ctx context.Context, l Letter, etag string) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if _, err := b.Rows.Put(ctx, store.Row{Partition: l.Hub, Key: l.key(), ETag: etag, Data: data}); err != nil {
		return fmt.Errorf("listing dead letter %s: %w", l.Blob(), err)
	}
	return nil
}

// List returns the letters of a hub in order, from a position that an earlier call returned ("" at the start), and
// the next position ("" at the end).
func (b Box) List(ctx context.Context, hub, from string, limit int) ([]Letter, string, error) {
	rows, next, err := b.Rows.List(ctx, hub, from, limit)
	if err != nil {
		return nil, "", fmt.Errorf("listing dead letters of %s: %w", hub, err)
	}
	out := make([]Letter, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row.Data, &out[i]); err != nil {
			return nil, "", fault.Errorf(fault.Denied, "decoding dead letter %s: %v", row.Key, err)
		}
	}
	return out, next, nil
}

// Body returns a letter's bytes as the sender sent them.
func (b Box) Body(ctx context.Context, l Letter) ([]byte, error) { return b.Blobs.Read(ctx, l.Blob()) }

// MarkReplayed notes that a letter was sent again. It stays in the list.
func (b Box) MarkReplayed(ctx context.Context, l Letter, now time.Time) error {
	row, err := b.Rows.Get(ctx, l.Hub, l.key())
	if err != nil {
		return fmt.Errorf("reading dead letter %s: %w", l.Blob(), err)
	}
	l.Status, l.Replayed = Replayed, now.UTC()
	return b.put(ctx, l, row.ETag)
}
