package rotate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rekey/shared/reach"
	"rekey/shared/rotate"
)

// opened opens the rotation of facts, two hours after access was cut, so that the logs are whole.
func opened(f rotate.Facts, o rotate.Opening) (*rotate.Journal, rotate.Plan) {
	p := rotate.Build(f)
	o.Cut = now.Add(-2 * time.Hour)
	j := rotate.Open(p, o, now)
	whole := f.Radius
	whole.Vaults = nil
	j.Close(whole, now)
	return j, p
}

func TestFailuresAnywhereLeadToTheSameEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := draw(t)
		f.Options.Caps[0] = rapid.IntRange(1, 4).Draw(t, "cap")
		o := rotate.Opening{Alone: rapid.Bool().Draw(t, "alone"), Parallel: rapid.IntRange(1, 4).Draw(t, "parallel")}
		j, p := opened(f, o)
		straight := newRunner(j, newWorld(p, false))
		done, err := straight.run()
		if err != nil {
			t.Fatalf("without a failure: %v\n%s", err, strings.Join(straight.steps, "\n"))
		}
		want := end(done, straight.w)

		j, _ = opened(f, o)
		rough := newRunner(j, newWorld(p, false))
		failures := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 60).Draw(t, "failures")
		next := func() int {
			if len(failures) == 0 {
				return 9
			}
			x := failures[0]
			failures = failures[1:]
			return x
		}
		rough.fail = func(*rotate.Item, string) error {
			switch next() {
			case 0, 1, 2:
				return errCrash
			case 3:
				return errTransient
			}
			return nil
		}
		rough.crashed = func() bool { return next() < 2 }
		done, err = rough.run()
		if err != nil {
			t.Fatalf("with failures: %v\n%s", err, strings.Join(rough.steps, "\n"))
		}
		if diff := cmp.Diff(want, end(done, rough.w)); diff != "" {
			t.Fatalf("another end:\n%s\n%s", diff, strings.Join(rough.steps, "\n"))
		}
		for _, r := range []*runner{straight, rough} {
			if len(r.wrong) > 0 || len(r.w.broken) > 0 {
				t.Fatalf("%v\n%v", r.wrong, r.w.broken)
			}
			sound(t, done, r.w)
		}
	})
}

// sound checks the end of a run: what was rotated is new everywhere, made once, and nothing old opens.
func sound(t *rapid.T, j *rotate.Journal, w *world) {
	for what, n := range w.made {
		if gathered := strings.HasPrefix(what, "stored "); n > 1 && !gathered && !strings.HasPrefix(what, "told ") || n > 2 && gathered {
			t.Fatalf("%s %d times", what, n)
		}
	}
	for _, i := range j.Items {
		if i.Kind == rotate.OwnerAction || i.Status == rotate.Parked {
			continue
		}
		if i.Status != rotate.Done {
			t.Fatalf("%s ended %s", i.Key, i.Status)
		}
		if keys, ok := rotate.Keys(i.Kind, i.Pair); ok {
			for _, k := range keys {
				if w.made["regenerated "+i.Key+" "+k] != i.Round {
					t.Fatalf("%s of %s was regenerated %d times in %d rounds", k, i.Key, w.made["regenerated "+i.Key+" "+k], i.Round)
				}
			}
		}
		for _, c := range i.Copies {
			if v := w.newest(c.Name()); i.Proven(c) && !w.works(i, v.value) {
				t.Fatalf("%s holds %s, which opens nothing", c.Name(), v.value)
			}
			if old := w.secrets[c.Name()][0]; i.Kind.Paired() && i.Proven(c) && w.works(i, old.value) {
				t.Fatalf("what the intruder read from %s still works", c.Name())
			}
		}
		if i.Kind == rotate.ClientSecret {
			if _, old := w.passwords[i.Provider][i.Credential]; old {
				t.Fatalf("the old secret of %s is still there", i.Key)
			}
		}
	}
	for app, all := range w.passwords {
		stored := map[string]bool{}
		for _, vs := range w.secrets {
			stored[vs[len(vs)-1].credential] = true
		}
		for id, p := range all {
			if strings.HasPrefix(p.name, j.ID) && !stored[id] {
				t.Fatalf("%s of %s is an orphan: no vault holds it", id, app)
			}
		}
	}
}

func TestNoReaderIsRefusedWithoutThePlanHavingSaidSo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := draw(t)
		j, p := opened(f, rotate.Opening{Alone: true})
		r := newRunner(j, newWorld(p, true))
		if _, err := r.run(); err != nil {
			t.Fatal(err)
		}
		if len(r.w.broken) > 0 {
			t.Fatalf("%v", r.w.broken)
		}
	})
}

// TestTheModelWouldNoticeAnOrderThatBreaks is the test of the test: the used key first breaks readers.
func TestTheModelWouldNoticeAnOrderThatBreaks(t *testing.T) {
	j, p := opened(rotate.Facts{Case: "c1", Radius: radius(vault(sub1, "pay", secret("s", read(1, 1), "ProviderAddress", payroll)))}, rotate.Opening{Alone: true})
	w := newWorld(p, false)
	i := j.Items[0]
	for _, k := range []string{"key1", "key2"} {
		w.keys[pairOf(i)][k] = "regenerated too soon: " + k
	}
	w.use(j)
	if len(w.broken) != 2 {
		t.Errorf("%v", w.broken)
	}
}

func TestNothingIsRotatedTwiceUnlessItWasReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := draw(t)
		j, p := opened(f, rotate.Opening{Alone: true})
		r := newRunner(j, newWorld(p, false))
		at := now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "hours")) * time.Hour)
		kind := rapid.SampledFrom([]string{"the new version", "the old version", "no version"}).Draw(t, "what was read")
		rounds := map[string]int{}
		injected := false
		var newer rotate.Facts
		r.again = func(j *rotate.Journal, w *world) {
			if w.now.Before(at) {
				return
			}
			if !injected {
				injected = true
				newer = readAgain(f, j, w, kind)
			}
			for _, key := range j.Again(rotate.Build(newer), w.now) {
				rounds[key]++
			}
			if changed := j.Again(rotate.Build(newer), w.now); len(changed) > 0 {
				t.Fatalf("the same facts changed %v twice", changed)
			}
		}
		done, err := r.run()
		if err != nil {
			t.Fatal(err)
		}
		if len(r.wrong) > 0 {
			t.Fatal(r.wrong)
		}
		for _, i := range done.Items {
			if i.Round > 2 || i.Round == 2 && kind == "the old version" {
				t.Fatalf("%s has %d rounds after %s was read", i.Key, i.Round, kind)
			}
			keys, _ := rotate.Keys(i.Kind, i.Pair)
			for _, k := range keys {
				if n := r.w.made["regenerated "+i.Key+" "+k]; k != "" && i.Status == rotate.Done && n != i.Round {
					t.Fatalf("%s of %s was regenerated %d times in %d rounds", k, i.Key, n, i.Round)
				}
			}
		}
	})
}

// readAgain are the same facts, and one of the secrets read since.
func readAgain(f rotate.Facts, j *rotate.Journal, w *world, kind string) rotate.Facts {
	f.Radius.Vaults = slices.Clone(f.Radius.Vaults)
	for v := range f.Radius.Vaults {
		f.Radius.Vaults[v].Secrets = slices.Clone(f.Radius.Vaults[v].Secrets)
		for s := range f.Radius.Vaults[v].Secrets {
			x := &f.Radius.Vaults[v].Secrets[s]
			name := f.Radius.Vaults[v].Name + "/" + x.Name
			if len(w.secrets[name]) == 0 {
				continue
			}
			seen := &reach.Seen{First: w.now, Last: w.now.Truncate(time.Hour).Add(time.Hour), Days: 1, Operations: "get"}
			switch kind {
			case "the new version":
				seen.Versions = []string{w.newest(name).id}
			case "the old version":
				seen.Versions = []string{w.secrets[name][0].id}
			}
			x.Seen, x.Read = seen, reach.Yes
			return f
		}
	}
	return f
}

func TestThreeSubscriptionsTwelveVaultsSixHundredSecrets(t *testing.T) {
	f, rotatable := company()
	j, p := opened(f, rotate.Opening{Alone: true, Parallel: 8})
	rows, err := j.Rows()
	if err != nil {
		t.Fatal(err)
	}
	for key, data := range rows {
		if len(data) > 128<<10 {
			t.Errorf("row %s has %d bytes of 256 KiB when it is made", key, len(data))
		}
	}
	w := newWorld(p, false)
	r := newRunner(j, w)
	n := 0
	r.fail = func(i *rotate.Item, where string) error {
		n++
		switch {
		case i.Kind != rotate.OwnerAction && len(i.Copies) > 0 && strings.HasSuffix(i.Copies[0].Secret, "-7"): // a vault that lets nobody in
			return errDenied
		case n%13 == 0:
			return errTransient
		case n%29 == 0:
			return errCrash
		}
		return nil
	}
	done, err := r.run()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.wrong)+len(w.broken) > 0 {
		t.Fatalf("%v %v", r.wrong, w.broken)
	}
	tier, secrets := 0, 0
	for _, s := range r.steps {
		if strings.HasSuffix(s, " prove") {
			var n int
			if _, err := fmt.Sscan(s, &n); err != nil || n < tier {
				t.Fatalf("%s after tier %d was begun (%v)", s, tier, err)
			}
			tier = n
		}
	}
	for _, i := range done.Items {
		secrets += len(i.Copies)
		switch {
		case i.Status == rotate.Parked && i.Reason == "" || i.Kind == rotate.OwnerAction && i.Why == "":
			t.Errorf("%s ended without a reason", i.Key)
		case i.Status != rotate.Parked && i.Status != rotate.Done:
			t.Errorf("%s ended %s", i.Key, i.Status)
		}
	}
	if secrets != 600 {
		t.Errorf("%d secrets", secrets)
	}
	if got := done.Count(0, rotate.Done); got < rotatable/2 || done.Count(0, rotate.Parked) == 0 {
		t.Errorf("%s of %d", done.Summary(), rotatable)
	}
	rows, err = done.Rows()
	if err != nil {
		t.Fatal(err)
	}
	for key, data := range rows {
		if len(data) > 200<<10 {
			t.Errorf("row %s has %d bytes of 256 KiB in the end", key, len(data))
		}
	}
	t.Logf("%s; %d rows, %d steps", done.Summary(), len(rows), len(r.steps))
}

// company is 3 subscriptions, 12 vaults and 600 secrets, 40 of which were read.
func company() (rotate.Facts, int) {
	var vaults []reach.VaultReach
	rotatable := 0
	for v := range 12 {
		var secrets []reach.SecretReach
		for s := range 50 {
			name := fmt.Sprintf("secret-%02d-%d", s, s%10)
			var seen *reach.Seen
			if v < 4 && s < 10 {
				seen = read(s+1, s)
			}
			var x reach.SecretReach
			switch s % 5 {
			case 0:
				x = secret(name, seen, "ProviderAddress", resource("Microsoft.Storage/storageAccounts", fmt.Sprintf("acct%d", (v*50+s)%180)), "CredentialId", "key1", "ValidityPeriodDays", "60")
			case 1:
				x = secret(name, seen, "ProviderAddress", resource("Microsoft.ServiceBus/namespaces", fmt.Sprintf("bus%d", v))+fmt.Sprintf("/queues/q%d/authorizationRules/send", s))
			case 2:
				x = secret(name, seen, "rekey-rotator", "random")
			case 3:
				x = secret(name, seen, "ProviderAddress", fmt.Sprintf("bbbbbbbb-1111-2222-3333-%012d", v*50+s), "CredentialId", fmt.Sprintf("cccccccc-1111-2222-3333-%012d", v*50+s))
			default:
				x = secret(name, seen)
			}
			if s%5 < 4 {
				rotatable++
			}
			secrets = append(secrets, x)
		}
		vaults = append(vaults, vault([]string{sub1, sub2, "33333333-0000-0000-0000-000000000000"}[v%3], fmt.Sprintf("vault-%02d", v), secrets...))
	}
	return rotate.Facts{Case: "case-big", Radius: radius(vaults...), Options: rotate.Options{OwnerDefault: "soc@contoso.example"}}, rotatable
}
