package bench

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rekey/shared/event"
)

// TestMain starts the tests again with sonic's faster decoder.
func TestMain(m *testing.M) {
	const option = "SONIC_USE_OPTDEC"
	if _, ok := os.LookupEnv(option); ok {
		os.Exit(m.Run())
	}
	again := exec.Command(os.Args[0], os.Args[1:]...)
	again.Env = append(os.Environ(), option+"=1")
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := again.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// made is the corpus, made once.
var made = sync.OnceValue(generate)

type named struct {
	name string
	make func() decoder
}

// decoders are what is measured; the first is what the others are compared with.
var decoders = []named{
	{"encoding-json", newEncodingJSON},
	{"json-v2", newJSONv2},
	{"goccy", newGoccy},
	{"sonic", newSonic},
	{"segmentio", newSegmentio},
	{"fastjson", newFastjson},
	{"simdjson-go", newSimdjson},
	{"jsonparser", newJsonparser},
	{rekey, newRekey},
}

func TestEveryDecoderFindsTheSameInEveryRecord(t *testing.T) {
	want := events(t, decoders[0].make())
	if len(want) != records {
		t.Fatalf("%d records, want %d", len(want), records)
	}
	for _, d := range decoders[1:] {
		t.Run(d.name, func(t *testing.T) { compare(t, want, events(t, d.make())) })
	}
	t.Run("Rekey, invocation", func(t *testing.T) {
		serve := newInvocations()
		var got []event.Event
		for _, body := range invocations(made().messages) {
			if err := serve(body, func(e *event.Event) { got = append(got, *e) }); err != nil {
				t.Fatal(err)
			}
		}
		compare(t, want, got)
	})
}

func events(t *testing.T, d decoder) []event.Event {
	t.Helper()
	var all []event.Event
	for _, m := range made().messages {
		if err := d(m, func(e *event.Event) { all = append(all, clone(e)) }); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// clone copies the strings that some libraries write over with the next message.
func clone(e *event.Event) event.Event {
	c := *e
	for _, s := range texts(&c) {
		*s = strings.Clone(*s)
	}
	return c
}

func texts(e *event.Event) []*string {
	s := &e.SignIn
	return []*string{
		&e.ID, &e.Tenant, &e.CorrelationID, &e.Principal.ObjectID, &e.Principal.AppID, &e.Principal.Name, &e.Network.Country, &s.ResourceID,
		&s.ResourceName, &s.ResourceObjectID, &s.UserAgent, &s.ClientLibrary, &s.CredentialType, &s.CredentialKeyID, &s.Thumbprint,
		&s.FederatedID, &s.TokenID, &s.AppOwnerTenant, &s.UserID, &s.ConditionalAccess,
	}
}

func compare(t *testing.T, want, got []event.Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("record %d: %s", i, cmp.Diff(want[i], got[i], cmpopts.EquateComparable(netip.Addr{})))
		}
	}
}
