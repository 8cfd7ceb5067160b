package tables_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"rekey/deploy/local/azurite"
	"rekey/shared/azure/blobs"
	"rekey/shared/azure/queues"
	"rekey/shared/azure/tables"
	"rekey/shared/fault"
	"rekey/shared/store"
	"rekey/shared/store/storetest"
)

var connection string

func TestMain(m *testing.M) {
	s, err := azurite.Start(context.Background(), azurite.Config{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	connection = s.ConnectionString()
	code := m.Run()
	s.Close()
	os.Exit(code)
}

var names atomic.Int64

func open(t *testing.T, opts azcore.ClientOptions) *tables.Service {
	t.Helper()
	s, err := tables.FromConnectionString(connection, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fresh(t *testing.T, opts azcore.ClientOptions) store.Table {
	t.Helper()
	name := fmt.Sprint("table", names.Add(1))
	if err := open(t, azcore.ClientOptions{}).Ensure(t.Context(), name, name); err != nil {
		t.Fatal(err)
	}
	return open(t, opts).Table(name)
}

func freshBlobs(t *testing.T, opts azcore.ClientOptions) store.Blobs {
	t.Helper()
	s, err := blobs.FromConnectionString(connection, opts)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprint("container", names.Add(1))
	if err := errors.Join(s.Ensure(t.Context(), name), s.Ensure(t.Context(), name)); err != nil {
		t.Fatal(err)
	}
	return s.Container(name)
}

func TestContract(t *testing.T) {
	storetest.Table(t, func(t *testing.T) store.Table { return fresh(t, azcore.ClientOptions{}) })
	storetest.Blobs(t, func(t *testing.T) store.Blobs { return freshBlobs(t, azcore.ClientOptions{}) })
}

// lossy does what is asked and loses every second answer to a write, as a network may.
type lossy struct{ n atomic.Int64 }

// Do sends a copy of the body: the connection may look for its end after the answer, when the next try rewinds it already.
func (l *lossy) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := http.DefaultClient.Do(r)
	if err == nil && r.Method != http.MethodGet && l.n.Add(1)%2 == 1 {
		resp.Body.Close()
		return nil, errors.New("the answer was lost: AccountKey=s3cret")
	}
	return resp, err
}

func TestAWriteWhoseAnswerWasLostIsNotDoneTwiceNorTakenForAConflict(t *testing.T) {
	opts := azcore.ClientOptions{Transport: &lossy{}}
	table := fresh(t, azcore.ClientOptions{})
	name := fmt.Sprint("table", names.Load())
	lossyTable := open(t, opts).Table(name)
	tag, err := table.Put(t.Context(), store.Row{Partition: "p", Key: "k", Data: []byte("a")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lossyTable.Put(t.Context(), store.Row{Partition: "p", Key: "k", ETag: tag, Data: []byte("b")}); err != nil {
		t.Errorf("replacing: %v", err)
	}
	if _, err := lossyTable.Put(t.Context(), store.Row{Partition: "p", Key: "k2", Data: []byte("b")}); err != nil {
		t.Errorf("inserting: %v", err)
	}
	b := freshBlobs(t, azcore.ClientOptions{Transport: &lossy{}})
	for at := range int64(4) {
		if err := b.Append(t.Context(), "log", at, []byte{'x'}); err != nil {
			t.Errorf("appending at %d: %v", at, err)
		}
	}
	if got, err := b.Read(t.Context(), "log"); err != nil || !bytes.Equal(got, []byte("xxxx")) {
		t.Errorf("%q (%v)", got, err)
	}
}

func TestErrorsSayWhatWasDoneAndNothingSecret(t *testing.T) {
	down := &broken{}
	table := open(t, azcore.ClientOptions{Transport: down}).Table("rows")
	ctx, cancel := context.WithCancel(t.Context())
	down.after = cancel
	_, err := table.Get(ctx, "p", "k")
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
	_, err = open(t, azcore.ClientOptions{}).Table("neverMade").Get(t.Context(), "p", "k")
	if !errors.Is(err, fault.Transient) || !strings.Contains(err.Error(), `reading row "k" of neverMade`) || strings.Contains(err.Error(), "http") {
		t.Errorf("got %v", err)
	}
}

// broken answers nothing and ends the caller's patience.
type broken struct{ after func() }

func (b *broken) Do(*http.Request) (*http.Response, error) {
	b.after()
	return nil, errors.New("dial: sig=s3cret")
}

func TestAQueueIsRungWithWhatTheFunctionsHostExpects(t *testing.T) {
	s, err := queues.FromConnectionString(connection, azcore.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Ensure(t.Context(), "triage"), s.Ensure(t.Context(), "triage")); err != nil {
		t.Fatal(err)
	}
	if err := s.Bell("triage").Ring(t.Context(), "sp1"); err != nil {
		t.Fatal(err)
	}
	q, err := azqueue.NewQueueClientFromConnectionString(connection, "triage", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := q.DequeueMessage(t.Context(), nil)
	if err != nil || len(r.Messages) != 1 || *r.Messages[0].MessageText != base64.StdEncoding.EncodeToString([]byte("sp1")) {
		t.Errorf("%+v (%v)", r.Messages, err)
	}
	if err := s.Bell("triage").Ring(t.Context(), strings.Repeat("x", 2000)); !errors.Is(err, fault.Limit) {
		t.Errorf("a long message: %v", err)
	}
}
