package conditional_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rekey/deploy/local/directory"
	local "rekey/deploy/local/graph"
	"rekey/handlers/conditional"
	"rekey/handlers/protect"
	"rekey/shared/order"
	rule "rekey/shared/policy"
)

func TestAPolicyIsMadeToReportEnforcedAndRemoved(t *testing.T) {
	w := newWorld(t, local.Options{})
	made := w.do(create(victim))
	if made.Status != order.Succeeded || made.Policy == "" || !same(made.Done, []string{victim}) {
		t.Fatalf("%+v", made)
	}
	p := w.stored(made.Policy)
	if p.State != rule.ReportOnly || !same(p.Include, []string{victim}) || !same(p.Exclude, []string{rekey, glass}) || !rule.MarkedBy(p.Name, made.ID) {
		t.Errorf("%+v", p)
	}
	o := w.do(order.Request{Kind: order.UpdatePolicy, IDs: []string{made.Policy}, Body: []byte(`{"state":"enabled"}`)})
	if got := w.stored(made.Policy); o.Status != order.Succeeded || got.State != rule.Enforced || len(rule.Diff(p, got)) != 1 {
		t.Errorf("%s %s: %v", o.Status, o.Message, rule.Diff(p, got))
	}
	again := w.do(order.Request{Kind: order.UpdatePolicy, IDs: []string{made.Policy}, Body: []byte(`{"state":"enabled"}`)})
	if again.Status != order.Succeeded || !strings.Contains(again.Message, "already") {
		t.Errorf("%s %s", again.Status, again.Message)
	}
	for range 2 { // what is gone is removed
		if o := w.do(order.Request{Kind: order.RemovePolicy, IDs: []string{made.Policy}}); o.Status != order.Succeeded || w.count() != 0 {
			t.Errorf("%s %s, %d are left", o.Status, o.Message, w.count())
		}
		w.pass(time.Minute)
	}
	entries := w.record(made.ID)
	if len(entries) != 3 || !strings.HasSuffix(entries[0].Actor, " for alice") || !strings.Contains(entries[0].Text, victim) {
		t.Errorf("ledger %+v", entries)
	}
}

func TestTheMissionsBodyWorksAsItIsWritten(t *testing.T) {
	w := newWorld(t, local.Options{})
	o := w.do(order.Request{Kind: order.CreatePolicy, Body: mission(t)})
	if o.Status != order.Succeeded || len(o.Left) != 0 {
		t.Fatalf("%+v", o)
	}
	p := w.stored(o.Policy)
	if p.State != rule.Off || rule.Plain(p.Name) != "Test policy on service principals with risk condition" || !slices.Equal(p.Levels, rule.Levels) {
		t.Errorf("%+v", p)
	}
}

func TestRekeyIsExcludedThoughTheBodySaysOtherwise(t *testing.T) {
	w := newWorld(t, local.Options{})
	o := w.do(create(victim, rekey, glass))
	if p := w.stored(o.Policy); !same(p.Include, []string{victim}) || !same(p.Exclude, []string{rekey, glass}) {
		t.Errorf("%+v", p)
	}
	if len(o.Left) != 2 || !strings.HasPrefix(o.Left[0].Reason, "never touched") {
		t.Errorf("%+v", o.Left)
	}
	u := w.do(order.Request{Kind: order.UpdatePolicy, IDs: []string{o.Policy}, Body: []byte(`{"conditions":{"clientApplications":{"includeServicePrincipals":["` + victim + `","` + rekey + `"],"excludeServicePrincipals":[]}}}`)})
	if p := w.stored(o.Policy); u.Status != order.Succeeded || !same(p.Include, []string{victim}) || !same(p.Exclude, []string{rekey, glass}) {
		t.Errorf("%s: %+v", u.Message, p)
	}
	everybody := w.do(order.Request{Kind: order.CreatePolicy, Body: body("everybody", "enabled", rule.AllOwn)})
	if p := w.stored(everybody.Policy); !same(p.Exclude, []string{rekey, glass}) || len(everybody.Notes) == 0 {
		t.Errorf("%+v", p)
	}
}

func TestWhoIsOutOfScopeIsReturnedWithTheReason(t *testing.T) {
	w := newWorld(t, local.Options{})
	want := map[string]string{
		healthy: "not at risk", managed: "managed identity", foreign: "another tenant", shared: "multi-tenant", firstParty: "Microsoft's own", agent: "agent identity",
		victimApp: "whose service principal is " + victim, "99999999-0000-4000-8000-000000000000": "no service principal",
	}
	ids := []string{victim, suspect}
	for id := range want {
		ids = append(ids, id)
	}
	o := w.do(create(ids...))
	if o.Status != order.Succeeded || !same(o.Done, []string{victim, suspect}) || len(o.Left) != len(want) {
		t.Fatalf("%+v", o)
	}
	for _, l := range o.Left {
		if !strings.Contains(l.Reason, want[l.ID]) || want[l.ID] == "" {
			t.Errorf("%s: %s, want %s", l.ID, l.Reason, want[l.ID])
		}
	}
	if len(o.Notes) != 1 || !strings.Contains(o.Notes[0], suspect) {
		t.Errorf("notes %v: that Microsoft does not know the risk of %s is to be said", o.Notes, suspect)
	}
	none := w.do(order.Request{Kind: order.CreatePolicy, Body: body("none", "", healthy)})
	if none.Status != order.Failed || !strings.Contains(none.Message, "not at risk") || w.count() != 1 {
		t.Errorf("%+v", none)
	}
}

func TestAPolicyThatRekeyDidNotMakeIsLeftAloneUnlessItIsNamed(t *testing.T) {
	w := newWorld(t, local.Options{})
	before := w.stored(mine)
	for _, r := range []order.Request{
		{Kind: order.UpdatePolicy, IDs: []string{mine}, Body: []byte(`{"state":"disabled"}`)},
		{Kind: order.RemovePolicy, IDs: []string{mine}},
		{Kind: order.RemovePolicy, IDs: []string{mine}, Named: "people's"},
	} {
		if o := w.do(r); o.Status != order.Failed || !strings.Contains(o.Message, "did not make") {
			t.Errorf("%s: %s %s", r.Kind, o.Status, o.Message)
		}
	}
	if diff := rule.Diff(before, w.stored(mine)); len(diff) != 0 {
		t.Error(diff)
	}
	o := w.do(order.Request{Kind: order.UpdatePolicy, IDs: []string{mine}, Named: "people's own", Body: []byte(`{"state":"disabled"}`)})
	if p := w.stored(mine); o.Status != order.Succeeded || p.State != rule.Off || p.Name != "people's own" {
		t.Errorf("%s: %+v", o.Message, p)
	}
	made := w.do(create(victim))
	err := w.directory.Update(directory.AccessPolicies, made.Policy, "people", "rename", func(o *directory.Object) error {
		o.Document = []byte(strings.Replace(string(o.Document), rule.Mark("block", made.ID), "ours now", 1))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if o := w.do(order.Request{Kind: order.RemovePolicy, IDs: []string{made.Policy}}); o.Status != order.Failed {
		t.Errorf("a policy that somebody renamed was removed: %s", o.Message)
	}
}

func TestASecondPolicyOfANameIsRefusedAndTheSameOneIsFound(t *testing.T) {
	w := newWorld(t, local.Options{})
	made := w.do(create(victim))
	if o := w.do(create(victim)); o.ID == made.ID || o.Status != order.Succeeded || o.Policy != made.Policy {
		t.Errorf("%+v", o)
	}
	if o := w.do(create(victim, suspect)); o.Status != order.Failed || !strings.Contains(o.Message, made.Policy) || w.count() != 1 {
		t.Errorf("%+v", o)
	}
}

func TestWithoutALicenceTheOrderSaysWhatFellAway(t *testing.T) {
	w := newWorld(t, local.Options{Unlicensed: true})
	o := w.do(create(suspect))
	if o.Status != order.Failed || !strings.Contains(o.Message, "Workload ID Premium") || len(o.Notes) == 0 || w.count() != 0 {
		t.Errorf("%+v", o)
	}
}

func TestRefusalsWithoutRetryAfterAreWaitedOut(t *testing.T) {
	var asked atomic.Int64
	w := newWorld(t, local.Options{Faults: func(_, path string) local.Fault {
		if strings.HasPrefix(path, "/identity") && asked.Add(1)%4 != 0 {
			return local.Fault{Status: http.StatusTooManyRequests}
		}
		return local.Fault{}
	}})
	if o := w.do(create(victim)); o.Status != order.Succeeded || o.Attempts != 1 || w.count() != 1 || asked.Load() < 12 {
		t.Errorf("%+v", o)
	}
}

func TestTheKillSwitchStopsAnOrderAndItGoesOnWhenItIsTakenBack(t *testing.T) {
	w := newWorld(t, local.Options{})
	w.stopped = true
	id := w.ask(create(victim))
	if o := w.carry(w.instance(nil, all...), id); !o.Due() || w.count() != 0 {
		t.Errorf("%+v", o)
	}
	w.stopped = false
	if o := w.carry(w.instance(nil, all...), id); o.Status != order.Succeeded || w.count() != 1 {
		t.Errorf("%+v", o)
	}
	w.record(id)
}

func TestRiskIsConfirmedAndDismissedAndWhoIsNotTakenIsLeftOut(t *testing.T) {
	w := newWorld(t, local.Options{})
	confirmed := w.do(order.Request{Kind: order.Confirm, IDs: []string{victim, managed, healthy, glass, rekey}})
	if confirmed.Status != order.Succeeded || !same(confirmed.Done, []string{victim, healthy}) || len(confirmed.Left) != 3 {
		t.Errorf("%+v", confirmed)
	}
	state := func(id string) string {
		o, _ := w.directory.Get(directory.ServicePrincipals, id)
		return o.Risk.State
	}
	if state(victim) != "confirmedCompromised" || state(healthy) != "confirmedCompromised" || state(glass) != "atRisk" || state(rekey) != "atRisk" {
		t.Errorf("%s %s %s %s", state(victim), state(healthy), state(glass), state(rekey))
	}
	if o := w.do(create(healthy)); o.Status != order.Succeeded || !same(o.Done, []string{healthy}) {
		t.Errorf("what was confirmed is at risk: %+v", o)
	}
	dismissed := w.do(order.Request{Kind: order.Dismiss, IDs: []string{victim, healthy}})
	if dismissed.Status != order.Succeeded || state(victim) != "dismissed" {
		t.Errorf("%+v", dismissed)
	}
	w.record(confirmed.ID)
	w.record(dismissed.ID)
}

func TestExactlyTheDeclaredPermissionsSuffice(t *testing.T) {
	declared := map[order.Kind][]string{}
	for _, m := range []map[order.Kind][]string{conditional.Permissions, protect.Permissions} {
		for kind, needs := range m {
			declared[kind] = needs
		}
	}
	requests := map[order.Kind]func(policyID string) order.Request{
		order.CreatePolicy: func(string) order.Request { return create(suspect) },
		order.UpdatePolicy: func(id string) order.Request {
			return order.Request{Kind: order.UpdatePolicy, IDs: []string{id}, Body: []byte(`{"state":"enabled"}`)}
		},
		order.RemovePolicy: func(id string) order.Request { return order.Request{Kind: order.RemovePolicy, IDs: []string{id}} },
		order.Confirm:      func(string) order.Request { return order.Request{Kind: order.Confirm, IDs: []string{victim}} },
		order.Dismiss:      func(string) order.Request { return order.Request{Kind: order.Dismiss, IDs: []string{victim}} },
	}
	for kind, make := range requests {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, local.Options{})
			id := ""
			if kind != order.CreatePolicy {
				id = w.do(create(victim)).Policy
			}
			needs := declared[kind]
			for i, missing := range needs {
				before := len(w.directory.Changes())
				o := w.carry(w.instance(nil, slices.Delete(slices.Clone(needs), i, i+1)...), w.ask(make(id)))
				if o.Status != order.Failed || len(w.directory.Changes()) != before {
					t.Errorf("without %s: %s %s, and %d changes", missing, o.Status, o.Message, len(w.directory.Changes())-before)
				}
				w.pass(time.Minute)
			}
			if o := w.carry(w.instance(nil, needs...), w.ask(make(id))); o.Status != order.Succeeded {
				t.Errorf("with %v alone: %s", needs, o.Message)
			}
		})
	}
}
