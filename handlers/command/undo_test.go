package command

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"rekey/handlers/operations"
	"rekey/handlers/undo"
	"rekey/shared/event"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/store/memory"
)

func TestTheWordsOfAnUndo(t *testing.T) {
	for text, want := range map[string]error{
		"op-1 --diff": nil, "--diff op-1": nil, "op-1 --only fic,cert --by dana": nil, "op-1": errSome, "--by dana": ErrUsage, "op-1 op-2 --diff": ErrUsage, "op-1 --nonsense": ErrUsage,
	} {
		a, err := parseUndo(strings.Fields(text), io.Discard)
		switch {
		case want == nil && (err != nil || a.operation != "op-1"):
			t.Errorf("%q: %+v, %v", text, a, err)
		case want != nil && err == nil, errors.Is(want, ErrUsage) && !errors.Is(err, ErrUsage):
			t.Errorf("%q: %v", text, err)
		}
	}
	a, err := parseUndo(strings.Fields("op-1 --only fic,cert --name eve --secret-to https://v/x --by dana"), io.Discard)
	if err != nil || len(a.options.Only) != 2 || a.options.Name[0] != "eve" || a.options.SecretTo != "https://v/x" || a.options.By != "dana" {
		t.Errorf("%+v, %v", a, err)
	}
}

var errSome = errors.New("some error")

func TestAnUndoIsShownAndThenOrderedForApproval(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	was := remedy.Inventory{Tenant: "t", Taken: now, Application: &remedy.Object{
		Kind: remedy.KindApplication, ID: "appobj", AppID: "app1", Name: "billing", Federated: []remedy.Federated{{ID: "fic", Name: "github", Issuer: "i", Subject: "s"}},
		Passwords: []remedy.Password{{KeyID: "secret1", Name: "old"}},
	}, Principals: []remedy.Object{}}
	op := remedy.Operation{Version: 2, ID: "op-1", State: remedy.StateDone, Principal: event.Principal{AppID: "app1"}}
	var table memory.Table
	var blobs memory.Blobs
	data, _ := json.Marshal(op)
	bundle, _ := json.Marshal(remedy.NewBundle("op-1", was))
	_, errT := table.Put(t.Context(), store.Row{Partition: remedy.Partition, Key: "op-1", Data: data})
	if err := errors.Join(errT, blobs.Write(t.Context(), remedy.BundleName("op-1"), bundle)); err != nil {
		t.Fatal(err)
	}
	u := undo.New(undo.Config{Operations: operations.Store{Table: &table}, Bundles: &blobs, Now: func() time.Time { return now }, Inventory: func(context.Context, event.Principal) (remedy.Inventory, error) {
		is := was
		is.Application = &remedy.Object{Kind: remedy.KindApplication, ID: "appobj", AppID: "app1", Name: "billing"}
		return is, nil
	}})
	var out strings.Builder
	if err := takeBack(t.Context(), u, undoArgs{operation: "op-1", diff: true}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"comes back:       federated credential \"github\"", "cannot come back: client secret \"old\"", "--secret-to"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the diff does not say %q:\n%s", want, out.String())
		}
	}
	out.Reset()
	if err := takeBack(t.Context(), u, undoArgs{operation: "op-1", options: remedy.UndoOptions{By: "dana"}}, &out); err != nil {
		t.Fatal(err)
	}
	rows, _, err := table.List(t.Context(), remedy.Partition, "undo-", 10)
	if err != nil || len(rows) != 1 || !strings.Contains(out.String(), "awaitingApproval") || !strings.Contains(out.String(), "put federated credentials back") {
		t.Errorf("%d operations (%v):\n%s", len(rows), err, out.String())
	}
}
