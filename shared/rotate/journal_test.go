package rotate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/fault"
	"rekey/shared/reach"
	"rekey/shared/rotate"
)

// journal is a rotation of three secrets: storage was read, next lies beside it, far lies elsewhere.
func journal(o rotate.Opening, edit ...func(*rotate.Facts)) (*rotate.Journal, rotate.Plan) {
	f := rotate.Facts{Case: "c1", Radius: radius(
		vault(sub1, "pay", secret("storage", read(3, 1), "ProviderAddress", payroll), secret("next", nil, "rekey-rotator", "random")),
		vault(sub1, "far", secret("x", nil, "ProviderAddress", cache)),
	)}
	for _, e := range edit {
		e(&f)
	}
	p := rotate.Build(f)
	return rotate.Open(p, o, now), p
}

func keyOf(p rotate.Plan, tier int) string { return p.Tiers[tier-1].Targets[0].Key }

func work(j *rotate.Journal, at time.Time) string {
	j.Advance(at)
	var out []string
	for _, x := range j.Next(at) {
		out = append(out, fmt.Sprint(j.Item(x.Key).Copies[0].Name(), " ", x.Step))
	}
	return strings.Join(out, ", ")
}

func approve(t *testing.T, j *rotate.Journal, tier int, at time.Time) {
	t.Helper()
	if err := j.Approve(tier, rotate.Approval{By: "u-dana", Hash: j.Tiers[tier-1].Hash, Time: at}, at); err != nil {
		t.Fatal(err)
	}
}

// rotated carries a target through to the end of its rotation in a model world.
func rotated(t *testing.T, j *rotate.Journal, w *world, key string) {
	t.Helper()
	for range 40 {
		i := j.Item(key)
		j.Advance(w.now)
		switch {
		case i.Status == rotate.Rotated || i.Status == rotate.Done:
			return
		case i.Status == rotate.Waiting:
			w.now = i.Due
			continue
		}
		if err := j.Start(key, w.intent(j, i), w.now); err != nil {
			t.Fatal(err)
		}
		out, _, err := w.do(j, i, func(string) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Complete(key, out, w.now); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("%s is at %s", key, j.Item(key).Step())
}

func TestATierNeedsItsOwnApproval(t *testing.T) {
	j, p := journal(rotate.Opening{})
	if got := work(j, now); got != "" || j.State != rotate.StateAwaitingApproval {
		t.Fatalf("%s: %s", j.State, got)
	}
	for name, a := range map[string]rotate.Approval{
		"of another tier": {By: "u-dana", Hash: p.Tiers[1].Hash, Time: now}, "of nobody": {Hash: p.Tiers[0].Hash, Time: now}, "too old": {By: "u-dana", Hash: p.Tiers[0].Hash, Time: now.Add(-4 * time.Hour)},
		"of the future": {By: "u-dana", Hash: p.Tiers[0].Hash, Time: now.Add(time.Hour)},
	} {
		if err := j.Approve(1, a, now); err == nil {
			t.Errorf("an approval %s counts", name)
		}
	}
	approve(t, j, 1, now)
	if got := work(j, now); got != "pay/storage prove" || j.State != rotate.StateRunning {
		t.Errorf("%s: %s", j.State, got)
	}
}

func TestTierOneMayRunAloneAndTheOthersNever(t *testing.T) {
	j, p := journal(rotate.Opening{Alone: true})
	if got := work(j, now); got != "pay/storage prove" {
		t.Fatal(got)
	}
	w := newWorld(p, false)
	rotated(t, j, w, keyOf(p, 1))
	if got := work(j, w.now); got != "" || j.State != rotate.StateAwaitingApproval || j.Tiers[0].Reason != "done" || j.Tiers[1].Reason != "waits for an approval" {
		t.Errorf("%s: %q %+v", j.State, got, j.Tiers)
	}
}

func TestTwoPeopleWhereTwoAreNeededAndNobodyOfALinkedCase(t *testing.T) {
	j, p := journal(rotate.Opening{Needs: 2, Never: []string{"user:U-Eve"}})
	approve(t, j, 1, now)
	approve(t, j, 1, now)
	if got := work(j, now); got != "" {
		t.Errorf("one person twice: %s", got)
	}
	if err := j.Approve(1, rotate.Approval{By: "u-eve", Hash: p.Tiers[0].Hash, Time: now}, now); !errors.Is(err, fault.Denied) {
		t.Errorf("%v", err)
	}
	if err := j.Approve(1, rotate.Approval{By: "u-tom", Hash: p.Tiers[0].Hash, Time: now}, now); err != nil || work(j, now) == "" {
		t.Errorf("%v %s", err, j.State)
	}
}

func TestATierEndsAfterThirtyMinutesAndWhatIsLeftGoesFirst(t *testing.T) {
	j, p := journal(rotate.Opening{Alone: true, Parallel: 2})
	approve(t, j, 2, now)
	if got := work(j, now.Add(29*time.Minute)); got != "pay/storage prove" {
		t.Errorf("before: %s", got)
	}
	if err := j.Start(keyOf(p, 2), rotate.Intent{}, now.Add(29*time.Minute)); !errors.Is(err, fault.Denied) {
		t.Errorf("tier 2 too early: %v", err)
	}
	if got := work(j, now.Add(30*time.Minute)); got != "pay/storage prove, pay/next prove" || !strings.HasPrefix(j.Tiers[0].Reason, "30 minutes") {
		t.Errorf("after: %s (%s)", got, j.Tiers[0].Reason)
	}
}

func TestACapEndsWhatOneApprovalAllows(t *testing.T) {
	j, _ := journal(rotate.Opening{Parallel: 9}, func(f *rotate.Facts) {
		var all []reach.SecretReach
		for i := range 5 {
			all = append(all, secret(fmt.Sprint("s", i), read(i+1, 1), "rekey-rotator", "random"))
		}
		f.Radius, f.Options.Caps[0] = radius(vault(sub1, "pay", all...)), 2
	})
	approve(t, j, 1, now)
	for _, x := range j.Next(now) {
		if err := j.Start(x.Key, rotate.Intent{}, now); err != nil {
			t.Fatal(err)
		}
	}
	if n := j.Count(1, rotate.Working); n != 2 {
		t.Errorf("%d begun", n)
	}
	if err := j.Start("random:pay/s4", rotate.Intent{}, now); !errors.Is(err, fault.Denied) {
		t.Errorf("beyond the cap: %v", err)
	}
	j.Advance(now)
	if !strings.Contains(j.Tiers[0].Reason, "2 of 5 were begun") {
		t.Error(j.Tiers[0].Reason)
	}
	approve(t, j, 1, now)
	if got := len(j.Next(now)); got != 4 {
		t.Errorf("%d to do after another approval: two at work, two more", got)
	}
}

func TestWhatNeedsAPersonWaitsForOneAlthoughTheTierRunsAlone(t *testing.T) {
	j, _ := journal(rotate.Opening{Alone: true}, func(f *rotate.Facts) {
		f.Radius.Resources = []reach.ResourceReach{{ID: cosmos, Read: reach.Yes, Seen: read(1, 1)}}
	})
	if got := work(j, now); got != "pay/storage prove" {
		t.Errorf("alone: %s", got)
	}
	approve(t, j, 1, now)
	if n := len(j.Next(now)); n != 3 {
		t.Errorf("%d with a person", n)
	}
}

func TestDecliningATierParksWhatWasNotBegun(t *testing.T) {
	j, p := journal(rotate.Opening{Alone: true})
	if err := j.Decline(3, "u-dana", now); err != nil {
		t.Fatal(err)
	}
	if i := j.Item(keyOf(p, 3)); i.Status != rotate.Parked || i.Reason != "declined by u-dana; both keys are the old ones and STILL WORK" {
		t.Errorf("%+v", i)
	}
}

func TestAnOperationWhoseTiersAreDeclinedEnds(t *testing.T) {
	j, p := journal(rotate.Opening{Alone: true, Cut: now.Add(-time.Hour)}, func(f *rotate.Facts) {
		f.Radius.Vaults[1].Secrets = append(f.Radius.Vaults[1].Secrets, secret("whose", nil))
	})
	w := newWorld(p, false)
	j.Close(radius(), now)
	r := newRunner(j, w)
	for _, tier := range []int{2, 3} {
		if err := j.Decline(tier, "u-dana", now); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.save(j, ""); err != nil {
		t.Fatal(err)
	}
	done, err := r.run()
	if err != nil {
		t.Fatal(err)
	}
	if got := done.Summary(); got != "done: 1 rotated, 1 for their owners, 2 parked, 0 to go" || w.made["told ownerAction:far/whose"] != 1 {
		t.Errorf("%s %v", got, w.made)
	}
}

func TestAFailingStepIsTriedEverMoreSlowlyAndParkedAfterADay(t *testing.T) {
	j, p := journal(rotate.Opening{Alone: true})
	key, at, pauses := keyOf(p, 1), now, []time.Duration{}
	for j.Item(key).Status != rotate.Parked {
		if err := j.Start(key, rotate.Intent{}, at); err != nil {
			t.Fatal(err)
		}
		if err := j.Retry(key, "429", at); err != nil {
			t.Fatal(err)
		}
		if due := j.Item(key).Due; !due.IsZero() {
			pauses, at = append(pauses, due.Sub(at)), due
		}
	}
	if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, pauses[:3]); diff != "" || pauses[len(pauses)-1] != 5*time.Minute {
		t.Errorf("%s %v", diff, pauses[len(pauses)-1])
	}
	if took := at.Sub(now); took < 24*time.Hour || took > 25*time.Hour {
		t.Errorf("given up after %v", took)
	}
	if err := j.Resume(key, at); err != nil || j.Item(key).Step() != rotate.StepProve || j.Item(key).Status != rotate.Pending {
		t.Errorf("%v %+v", err, j.Item(key))
	}
}

func TestWhatIsNotProvenIsNotTouched(t *testing.T) {
	copies := func(f *rotate.Facts) {
		f.Radius.Vaults[1].Secrets[0].Tags["ProviderAddress"] = payroll
	}
	j, p := journal(rotate.Opening{Alone: true}, copies)
	key := keyOf(p, 1)
	start := func() {
		t.Helper()
		if err := j.Start(key, rotate.Intent{}, now); err != nil {
			t.Fatal(err)
		}
	}
	start()
	if err := j.Complete(key, rotate.Outcome{Holds: []rotate.Holding{{Name: "pay/storage"}, {Name: "far/x"}}}, now); err != nil {
		t.Fatal(err)
	}
	if i := j.Item(key); i.Status != rotate.Parked || !strings.Contains(i.Reason, "whatever its tags say; both keys are the old ones") {
		t.Errorf("%+v", i)
	}
	j, _ = journal(rotate.Opening{Alone: true}, copies)
	start()
	if err := j.Complete(key, rotate.Outcome{First: "key1", Holds: []rotate.Holding{{Name: "pay/storage", Key: "key1"}, {Name: "far/x"}}}, now); err != nil {
		t.Fatal(err)
	}
	i := j.Item(key)
	if i.Step() != rotate.StepRenewOther || i.Other() != "key2" || i.Proven(i.Copies[1]) {
		t.Errorf("%s %+v", i.Step(), i)
	}
	if o := j.Item("ownerAction:far/x"); o == nil || !strings.Contains(o.Action.Text, "does not hold its value") {
		t.Errorf("the planted copy has no owner action: %+v", o)
	}
}

func TestCopiesThatHoldTheOtherKeyAreGatheredFirst(t *testing.T) {
	j, p := journal(rotate.Opening{Alone: true}, func(f *rotate.Facts) { f.Radius.Vaults[1].Secrets[0].Tags["ProviderAddress"] = payroll })
	w := newWorld(p, false) // its copies disagree
	rotated(t, j, w, keyOf(p, 1))
	if len(w.broken) > 0 || w.made["stored far/x"] != 2 || w.made["stored pay/storage"] != 1 {
		t.Errorf("%v %v", w.broken, w.made)
	}
}

func TestSomebodyElsesRotationLeadsBackAFewTimesOnly(t *testing.T) {
	j, p := journal(rotate.Opening{Alone: true})
	key := keyOf(p, 1)
	for range 4 {
		for _, out := range []rotate.Outcome{{First: "key1", Holds: []rotate.Holding{{Name: "pay/storage", Key: "key1"}}}, {Back: rotate.StepProve}} {
			if err := j.Start(key, rotate.Intent{}, now); err != nil {
				t.Fatal(err)
			}
			if err := j.Complete(key, out, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	if i := j.Item(key); i.Status != rotate.Parked || !strings.Contains(i.Reason, "somebody else") {
		t.Errorf("%+v", i)
	}
}

func TestARepeatedStepKeepsTheFirstFingerprint(t *testing.T) {
	j, p := journal(rotate.Opening{Alone: true})
	key := keyOf(p, 1)
	for _, f := range []string{"before", "after the first try"} {
		if err := j.Start(key, rotate.Intent{Fingerprint: f}, now); err != nil {
			t.Fatal(err)
		}
	}
	if i := j.Item(key); i.Fingerprint != "before" || i.Attempts != 2 {
		t.Errorf("%+v", i)
	}
}

func TestWhatTurnsOutToHaveBeenReadComesIntoTierOne(t *testing.T) {
	j, _ := journal(rotate.Opening{Alone: true})
	_, newer := journal(rotate.Opening{}, func(f *rotate.Facts) {
		f.Radius.Vaults[0].Secrets[1] = secret("next", read(1, 1), "rekey-rotator", "random")
		f.Radius.Vaults[0].Secrets = append(f.Radius.Vaults[0].Secrets, secret("unheard", read(1, 1), "rekey-rotator", "random"))
	})
	if got := j.Again(newer, now); strings.Join(got, " ") != "random:pay/next random:pay/unheard" {
		t.Errorf("%v", got)
	}
	if got := work(j, now); got != "pay/next prove, pay/unheard prove, pay/storage prove" {
		t.Errorf("what was read last is first: %s", got)
	}
	if got := j.Again(newer, now); len(got) != 0 {
		t.Errorf("the same facts again: %v", got)
	}
	if j.Tiers[0].Hash != newer.Tiers[0].Hash {
		t.Error("the tier has another hash than the plan that is shown")
	}
}

func TestARoundIsNotBrokenOffByAReadAndAnotherFollows(t *testing.T) {
	hr := func(seen *reach.Seen) func(*rotate.Facts) {
		return func(f *rotate.Facts) {
			f.Radius.Vaults[0].Secrets[0] = secret("hr", seen, "ProviderAddress", other, "CredentialId", keyID)
		}
	}
	j, p := journal(rotate.Opening{Alone: true}, hr(read(3, 1)))
	w, key := newWorld(p, false), keyOf(p, 1)
	for j.Item(key).Status != rotate.Waiting { // the new secret is stored, and the old one still there
		if err := j.Start(key, rotate.Intent{}, w.now); err != nil {
			t.Fatal(err)
		}
		out, _, err := w.do(j, j.Item(key), func(string) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Complete(key, out, w.now); err != nil {
			t.Fatal(err)
		}
	}
	_, newer := journal(rotate.Opening{}, hr(read(-1, 1, w.newest("pay/hr").id)))
	if got := j.Again(newer, w.now); len(got) != 0 {
		t.Fatalf("broken off: %v", got)
	}
	rotated(t, j, w, key)
	if _, old := w.passwords[other][keyID]; old {
		t.Error("the old client secret is still there")
	}
	if got := j.Again(newer, w.now); len(got) != 1 || j.Item(key).Round != 2 || j.Item(key).Credential == keyID {
		t.Errorf("%v %+v", got, j.Item(key))
	}
}

func TestTheRowOfTheStepIsWrittenLast(t *testing.T) {
	f, _ := company()
	j, p := opened(f, rotate.Opening{Alone: true})
	had, err := j.Rows()
	if err != nil {
		t.Fatal(err)
	}
	i := j.Item(keyOf(p, 1))
	if err := j.Start(i.Key, rotate.Intent{}, now); err != nil {
		t.Fatal(err)
	}
	holds := []rotate.Holding{{Name: i.Copies[0].Name(), Key: "key1"}} // the other copies are left to their owners: new items
	if err := j.Complete(i.Key, rotate.Outcome{First: "key1", Holds: holds}, now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	rows, err := j.Changed(had, i.Key)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(rows); len(i.Copies) < 2 || n != 3 || rows[1].Key != j.ID || rows[2].Key != rotate.ChunkKey(j.ID, 0) {
		for _, r := range rows {
			t.Error(r.Key)
		}
	}
}

func TestTierOneStaysOpenUntilTheLogsAreWhole(t *testing.T) {
	whole := radius(vault(sub1, "pay"))
	dark := radius(vault(sub1, "pay"))
	dark.Vaults[0].Log = reach.LogUnknown
	early := whole
	early.To = now.Add(-time.Hour)
	tests := map[string]struct {
		r     reach.Radius
		after time.Duration
		want  bool
		why   string
	}{
		"at once":                   {whole, 0, false, ""},
		"a quarter of an hour":      {whole, 15 * time.Minute, true, "the vaults' logs are whole"},
		"facts from before the cut": {early, time.Hour, false, ""},
		"no whole log":              {dark, 23 * time.Hour, false, ""},
		"no whole log for a day":    {dark, 24 * time.Hour, true, "what was read from pay is not known"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			j, _ := journal(rotate.Opening{Cut: now})
			if got := j.Close(tt.r, now.Add(tt.after)); got != tt.want || !strings.HasPrefix(j.ClosedWhy, tt.why) {
				t.Errorf("%v %q", got, j.ClosedWhy)
			}
		})
	}
	j, _ := journal(rotate.Opening{})
	if j.Close(whole, now.AddDate(0, 0, 9)) {
		t.Error("closed although access was never cut")
	}
}

func TestAnOldVersionIsDisabledAfterADayWithoutAReader(t *testing.T) {
	stored := now
	reader := func(after time.Duration, version string) rotate.Reader {
		return rotate.Reader{Name: "batch", Version: version, Last: stored.Add(after)}
	}
	tests := map[string]struct {
		readers []rotate.Reader
		whole   bool
		after   time.Duration
		want    string
	}{
		"too early":                     {nil, true, 23 * time.Hour, rotate.RetireWait},
		"nobody":                        {nil, true, 24 * time.Hour, rotate.RetireDisable},
		"somebody who read before":      {[]rotate.Reader{reader(-time.Hour, "v1")}, true, 24 * time.Hour, rotate.RetireDisable},
		"somebody with the new version": {[]rotate.Reader{reader(20*time.Hour, "v2")}, true, 24 * time.Hour, rotate.RetireDisable},
		"somebody with the old one":     {[]rotate.Reader{reader(20*time.Hour, "v1")}, true, 24 * time.Hour, rotate.RetireWait},
		"a day after he stopped":        {[]rotate.Reader{reader(20*time.Hour, "v1")}, true, 44 * time.Hour, rotate.RetireDisable},
		"he does not stop":              {[]rotate.Reader{reader(167*time.Hour, "v1")}, true, 168 * time.Hour, rotate.RetireOwner},
		"which one is not known":        {[]rotate.Reader{reader(20*time.Hour, "")}, true, 24 * time.Hour, rotate.RetireWait},
		"no whole log":                  {nil, false, 24 * time.Hour, rotate.RetireOwner},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if what, why, _ := rotate.Retire("v1", stored, tt.readers, tt.whole, stored.Add(tt.after)); what != tt.want || why == "" {
				t.Errorf("%s: %s", what, why)
			}
		})
	}
}

func TestAJournalSurvivesItsRowsAndRefusesHalfOfThem(t *testing.T) {
	f, _ := company()
	j, _ := opened(f, rotate.Opening{Alone: true})
	rows, err := j.Rows()
	if err != nil {
		t.Fatal(err)
	}
	back, err := rotate.Load(j.ID, rows)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Rows()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, again); diff != "" {
		t.Error(diff)
	}
	delete(rows, rotate.ChunkKey(j.ID, 3))
	if _, err := rotate.Load(j.ID, rows); !errors.Is(err, fault.Denied) {
		t.Errorf("a row is missing: %v", err)
	}
	if _, err := rotate.Load(j.ID, map[string][]byte{j.ID: []byte(`{"version":99}`)}); !errors.Is(err, fault.Denied) {
		t.Errorf("a newer version: %v", err)
	}
}

func TestALeaseIsOnesOwnUntilItEnds(t *testing.T) {
	j, _ := journal(rotate.Opening{})
	if !j.Acquire("a", now, time.Minute) || j.Acquire("b", now.Add(59*time.Second), time.Minute) || !j.Acquire("a", now, time.Minute) || !j.Acquire("b", now.Add(time.Minute), time.Minute) {
		t.Errorf("%+v", j.Lease)
	}
}
