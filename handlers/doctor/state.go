package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"time"

	"rekey/handlers/ledgers"
	"rekey/shared/azure/redact"
	"rekey/shared/deadletter"
	"rekey/shared/decide"
	"rekey/shared/fault"
	"rekey/shared/network"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/streams"
)

// probe is a key that no row and no blob has: looking for it shows that the place is there and may be read.
const probe = "doctor"

// storage looks whether every table, container and queue is there and can be read. It reports whether the account answers.
func (d *Doctor) storage(ctx context.Context, r *Report) bool {
	var gone, refused []string
	for _, p := range d.places() {
		switch err := p.look(ctx); {
		case err == nil, errors.Is(err, fault.NotFound):
		case errors.Is(err, redact.ErrForbidden):
			refused = append(refused, p.name)
		case errors.Is(err, redact.ErrMissing):
			gone = append(gone, p.name)
		default:
			r.fail("storage-unreachable", "see whether the account's address is right, and whether its firewall lets this machine in; nothing else of state was looked at", "the state account does not answer: %s", err)
			return false
		}
	}
	if len(gone) > 0 {
		r.fail("storage-missing", "run `tofu apply`: the plan makes them", "missing in the state account: %s", list(gone))
	}
	if len(refused) > 0 {
		r.fail("storage-refused", "be in a group of the variable operators, or have Storage Table, Blob and Queue Data Reader on the state account", "may not be read: %s", list(refused))
	}
	if len(gone)+len(refused) == 0 {
		r.ok("storage", "%d tables, %d containers and %d queues are there and can be read", len(store.Tables), len(store.Containers), len(store.Queues))
	}
	return true
}

// place is a table, a container or a queue, and how it is looked at.
type place struct {
	name string
	look func(context.Context) error
}

func (d *Doctor) places() []place {
	var out []place
	for _, name := range store.Tables {
		out = append(out, place{"table " + name, func(ctx context.Context) error { _, _, err := d.State.Table(name).List(ctx, probe, "", 1); return err }})
	}
	for _, name := range store.Containers {
		out = append(out, place{"container " + name, func(ctx context.Context) error { _, err := d.State.Blobs(name).List(ctx, probe+"/"); return err }})
	}
	for _, name := range store.Queues {
		out = append(out, place{"queue " + name, func(ctx context.Context) error { _, err := d.State.Waiting(ctx, name); return err }})
	}
	return out
}

// streams says when each log's last record came.
func (d *Doctor) streams(ctx context.Context, r *Report) {
	memory, err := d.State.Health().Load(ctx)
	if err != nil {
		r.fail("stream-unread", "see storage above", "which logs arrive is not known: %s", err)
		return
	}
	now := d.Now()
	for _, s := range memory.Health(now).All() {
		ago := now.Sub(s.Since).Round(time.Minute)
		switch s.State {
		case streams.NeverSeen:
			d.never(r, s.Category)
		case streams.Silent:
			hint := ""
			if s.Calendar {
				hint = "; it is silent by the hours of the weeks before, and a public holiday looks like that, too"
			}
			r.fail("stream-silent", "docs/playbooks/stream-silent.md: the diagnostic setting, the hub, then the function", "%s: the last record is %s old%s", s.Category, ago, hint)
		default:
			r.ok("stream", "%s: the last record is %s old", s.Category, ago)
		}
	}
}

// needed are the logs without which nothing is seen of what Rekey is for.
var needed = []string{streams.SignIns, streams.Audit}

func (d *Doctor) never(r *Report, category string) {
	const do = "look at the diagnostic setting (the first export of Entra takes up to three days), then whether the function runs"
	if slices.Contains(needed, category) {
		r.fail("stream-never", do, "%s: no record ever arrived", category)
		return
	}
	r.warn("stream-never", do+"; or nothing, if the tenant has no such log", "%s: no record ever arrived", category)
}

// oldTable is the age from which the address table is told. Networks change hands slowly, and hosters grow fast.
const oldTable = 90 * 24 * time.Hour

func (d *Doctor) network(r *Report) {
	const do = "make network-table, then make package and publish detect"
	if d.NetworkTable == "" {
		r.warn("network-table-missing", do+" with REKEY_NETWORK_TABLE=networks.csv.gz; or name the file with --network-table", "no address table was named: only what records say about addresses is known")
		return
	}
	f, err := os.Open(d.NetworkTable)
	var t *network.Table
	if err == nil {
		defer f.Close()
		t, err = network.Load(f)
	}
	switch {
	case err != nil:
		r.fail("network-table-broken", do, "the address table cannot be read: %s", err)
	case t.Built.IsZero():
		r.warn("network-table-undated", do, "the address table does not say when it was made")
	case t.Age(d.Now()) > oldTable:
		r.warn("network-table-old", do, "the address table is of %s, %d days old", t.Built.Format(time.DateOnly), int(t.Age(d.Now()).Hours()/24))
	default:
		r.ok("network-table", "the address table is of %s and has %d ranges", t.Built.Format(time.DateOnly), t.Len())
	}
}

// maxLetters is how many dead letters are counted; more is many.
const maxLetters = 5000

func (d *Doctor) letters(ctx context.Context, r *Report) {
	parked, seen := map[string]int{}, 0
	err := d.State.Table(store.TableDeadLetters).Scan(ctx, func(row store.Row) bool {
		var l deadletter.Letter
		if json.Unmarshal(row.Data, &l) == nil && l.Status == deadletter.Parked {
			parked[l.Hub]++
		}
		seen++
		return seen < maxLetters
	})
	if err != nil {
		r.fail("dead-letters-unread", "see storage above", "dead letters cannot be counted: %s", err)
		return
	}
	if len(parked) == 0 {
		r.ok("dead-letters", "none waits")
	}
	for _, hub := range sortedKeys(parked) {
		r.warn("dead-letters-waiting", "docs/playbooks/dead-letters.md: `rekey dead-letters list "+hub+"`", "%d messages or records of %s could not be decoded and wait", parked[hub], hub)
	}
}

func (d *Doctor) queues(ctx context.Context, r *Report) {
	fine := true
	for _, name := range store.Queues {
		n, err := d.State.Waiting(ctx, name+"-poison")
		switch {
		case errors.Is(err, fault.NotFound), errors.Is(err, redact.ErrMissing): // the host makes it when it needs it
		case err != nil:
			fine = false
			r.warn("poison-unread", "see storage above", "the queue %s-poison cannot be looked at: %s", name, err)
		case n > 0:
			fine = false
			r.warn("poison-waiting", "look at the log of "+name+" for what failed; messages are doorbells, sweep rings again by itself, so clear the queue afterwards", "%d messages of %s failed too often", n, name)
		}
	}
	if fine {
		r.ok("poison", "no message failed too often")
	}
}

func (d *Doctor) kill(ctx context.Context, r *Report) {
	k, err := d.State.Switches().Kill(ctx)
	switch {
	case err != nil:
		r.fail("kill-switch-unread", "see storage above; respond changes nothing either", "%s", err)
	case k.On:
		r.warn("kill-switch-on", "`rekey resume --by WHO` when the reason is gone", "everything is stopped by %q since %s: %q", k.By, k.Time.Format(time.RFC3339), k.Why)
	default:
		r.ok("kill-switch", "not set")
	}
}

// oldHead is the age from which a missing head of the ledger is told: a day is closed in the night after it.
const oldHead = 3 * 24 * time.Hour

func (d *Doctor) ledger(ctx context.Context, r *Report) {
	report, err := ledgers.Checker{Blobs: d.State.Blobs(store.ContainerLedger), Operations: d.State.Operations()}.All(ctx)
	if err != nil {
		r.fail("ledger-unread", "see storage above", "the ledger cannot be checked: %s", err)
		return
	}
	if n := len(report.Problems); n > 0 {
		r.fail("ledger-broken", "docs/playbooks/ledger-broken.md: `rekey ledger verify --all`", "the ledger does not hold in %d places, the first: %s", n, report.Problems[0])
		return
	}
	if len(report.Heads) == 0 {
		if len(report.Records) > 0 {
			r.warn("ledger-head-old", "see whether sweep runs: it closes each day", "the ledger has %d records and no head", len(report.Records))
			return
		}
		r.ok("ledger", "empty: nothing was changed yet")
		return
	}
	head := report.Heads[len(report.Heads)-1]
	if d.Now().Sub(head.Made) > oldHead {
		r.warn("ledger-head-old", "see whether sweep runs: it closes each day", "the newest head of the ledger is of %s", head.Day)
		return
	}
	r.ok("ledger", "%d records hold; head of %s: %s", len(report.Records), head.Day, head.Hash)
}

// waiting counts what waits for people.
func (d *Doctor) waiting(ctx context.Context, r *Report) {
	all, err := d.State.Operations().List(ctx, remedy.StateAwaitingApproval)
	switch {
	case err != nil:
		r.fail("operations-unread", "see storage above", "%s", err)
	case len(all) > 0:
		r.warn("operations-waiting", "docs/playbooks/approval-needed.md: `rekey operation list --state awaitingApproval`", "%d operations wait for people", len(all))
	default:
		r.ok("operations", "none waits for people")
	}
}

func (d *Doctor) mode(r *Report) {
	meaning := map[decide.Mode]string{
		decide.ModePlan: "nothing is changed, plans are written", decide.ModeApprove: "a plan is carried out when people approve it",
		decide.ModeContain: "Rekey disables by itself, and the rest waits for people", decide.ModeEvict: "Rekey evicts by itself",
	}[decide.Mode(d.Mode)]
	switch {
	case d.Mode == "":
		r.ok("mode", "plan, unless the respond app's REKEY_MODE says otherwise: it is not set here")
	case meaning == "":
		r.fail("mode-wrong", "plan, approve, contain or evict", "REKEY_MODE is %q", d.Mode)
	default:
		r.ok("mode", "%s: %s", d.Mode, meaning)
	}
}

func sortedKeys(m map[string]int) []string {
	out := []string{}
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
