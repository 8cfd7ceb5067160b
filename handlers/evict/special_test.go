package evict_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/graph"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
)

// intrude adds to an object of the directory.
func (l *lab) intrude(collection, id string, edit func(*directory.Object)) {
	l.t.Helper()
	if err := l.dir.Update(collection, id, "intruder", "intrude", func(o *directory.Object) error { edit(o); return nil }); err != nil {
		l.t.Fatal(err)
	}
}

func TestACertificateUnderTheNewOnesKeyIDIsNotTakenForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kinds["credentials alone"]
		l := begin(t, k)
		l.intrude(directory.Applications, "appobj", func(o *directory.Object) {
			forged := keyOf("forged", "Verify", "f")
			forged.KeyID = l.operation().NewKeyID
			o.KeyCredentials = append(o.KeyCredentials, forged)
		})
		if err := errors.Join(l.toTheEnd(), l.end(k)); err != nil {
			t.Error(err)
		}
	})
}

func TestAKeyThatRekeyMadeBeforeIsKnownByItsCertificate(t *testing.T) {
	o := remedy.Object{Kind: remedy.KindApplication, ID: "appobj", Keys: []remedy.Key{{KeyID: "own", Public: "AQID"}}}
	p := remedy.Plan{Keeping: remedy.Keeping{Objects: []string{"appobj"}, Own: []string{"own"}, Shown: map[string]string{"appobj/key/own": o.Keys[0].Thumbprint()}}}
	if len(p.Keeps(o)) != 1 {
		t.Error("it does not stay")
	}
	o.Keys[0].Public = "BAUG"
	if kept := p.Keeps(o); len(kept) != 0 {
		t.Errorf("another certificate under its id stays: %v", kept)
	}
}

func TestWithoutAProofThePrincipalIsDisabledAgainAndNothingIsAddedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, kinds["credentials alone"])
		l.unproven = 1 << 20
		start := time.Now()
		if err := l.handle(t.Context(), "a"); !errors.Is(err, fault.Limit) {
			t.Errorf("got %v, want a call for people", err)
		}
		if took := time.Since(start); took < time.Minute || took > 2*time.Minute {
			t.Errorf("it tried for %s, want about 60 s", took)
		}
		op := l.operation()
		app, _ := l.dir.Get(directory.Applications, "appobj")
		sp, _ := l.dir.Get(directory.ServicePrincipals, victimID)
		if op.State != remedy.StateFailed || sp.AccountEnabled || len(app.KeyCredentials) != 1 || len(app.PasswordCredentials) != 0 {
			t.Errorf("%s (%s), enabled %v, %d certificates and %d secrets", op.State, op.Reason, sp.AccountEnabled, len(app.KeyCredentials), len(app.PasswordCredentials))
		}
	})
}

func TestGivingUpIsNotForgottenWhereverTheProcessEnds(t *testing.T) {
	for at := 1; ; at++ {
		e := afterChange(at)
		synctest.Test(t, func(t *testing.T) {
			l := begin(t, kinds["credentials alone"])
			l.unproven = 1 << 20
			l.untilEnded(e)
			if op := l.operation(); op.Failing != "" {
				l.unproven = 0 // it would succeed now: it must not
			}
			if err := l.toTheEnd(); err != nil {
				t.Fatal(err)
			}
			op := l.operation()
			if sp, _ := l.dir.Get(directory.ServicePrincipals, victimID); op.State != remedy.StateFailed || sp.AccountEnabled {
				t.Errorf("ended after change %d (%s): %s, enabled %v", at, e.name, op.State, sp.AccountEnabled)
			}
		})
		if !e.dead || t.Failed() {
			return
		}
	}
}

// watched is a lab in its days of watching.
func watched(t *testing.T) *lab {
	t.Helper()
	l := begin(t, kinds["whole identity"])
	if err := l.handle(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if op := l.operation(); !op.Watching() || op.Lease.Owner != "" {
		t.Fatalf("it is %s, and its lease is held by %q", op.State, op.Lease.Owner)
	}
	return l
}

func TestACredentialThatComesBackIsRemovedThreeTimesAndThenPeopleAreCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := watched(t)
		for n := 1; n <= 4; n++ {
			time.Sleep(2 * time.Hour)
			op := l.operation()
			if !op.Stands(2*time.Minute, time.Now()) {
				t.Errorf("after two hours nobody is called to look")
			}
			l.intrude(directory.Applications, "appobj", func(o *directory.Object) {
				o.PasswordCredentials = append(o.PasswordCredentials, secretOf("stolen", ""))
			})
			err := l.handle(t.Context(), fmt.Sprint("look-", n))
			app, _ := l.dir.Get(directory.Applications, "appobj")
			sp, _ := l.dir.Get(directory.ServicePrincipals, victimID)
			op = l.operation()
			switch {
			case n < 4 && (err != nil || len(app.PasswordCredentials) != 0 || !sp.AccountEnabled || op.Watch.Returns != n || op.Lease.Owner != ""):
				t.Errorf("time %d: %v, %d secrets, enabled %v, %+v", n, err, len(app.PasswordCredentials), sp.AccountEnabled, op.Watch)
			case n == 4 && (!errors.Is(err, fault.Limit) || sp.AccountEnabled || op.State != remedy.StateFailed):
				t.Errorf("time %d: %v, enabled %v, %s", n, err, sp.AccountEnabled, op.State)
			}
		}
		if len(l.triaged.Rung()) == 0 {
			t.Error("the case was not told")
		}
	})
}

func TestFailedSignInsAfterTheChangeAreSortedByNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := watched(t)
		l.failures = []remedy.Failure{{Network: "192.0.2.0/24", KeyID: "other", Known: true, Last: time.Now()}, {Network: "203.0.113.0/24", KeyID: "stolen", Last: time.Now()}}
		for range 3 {
			time.Sleep(2 * time.Hour)
			if err := l.handle(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
		}
		op := l.operation()
		note := op.Progress[len(op.Progress)-1].Note
		if !strings.Contains(note, "a consumer left behind: failed sign-ins from 192.0.2.0/24 with other") || !strings.Contains(note, "the intruder still tries: failed sign-ins from 203.0.113.0/24 with stolen") {
			t.Errorf("the journal says %q", note)
		}
		if n := len(l.triaged.Rung()); n != 1 {
			t.Errorf("the case was told %d times of the same, want once", n)
		}
	})
}

func TestTheKillSwitchStopsWithinAStepAndDuringTheWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, kinds["whole identity"])
		secrets := 0
		l.wall = []wall{func(name string, write bool, do func() error) error {
			if strings.HasSuffix(name, "/removePassword") {
				secrets++
				l.stopped = true // after the first of two
			}
			return do()
		}}
		if err := l.handle(t.Context(), "a"); !errors.Is(err, fault.Limit) {
			t.Errorf("got %v", err)
		}
		if secrets != 1 {
			t.Errorf("%d secrets were removed after the switch was set", secrets)
		}
		l.wall, l.stopped = nil, false
		if err := errors.Join(l.toTheEnd(), l.end(kinds["whole identity"])); err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l := watched(t)
		l.stopped = true
		l.intrude(directory.Applications, "appobj", func(o *directory.Object) { o.Federated = append(o.Federated, ficOf("again")) })
		if err := l.handle(t.Context(), "b"); !errors.Is(err, fault.Limit) {
			t.Errorf("during the watch: %v", err)
		}
		if app, _ := l.dir.Get(directory.Applications, "appobj"); len(app.Federated) != 1 {
			t.Error("something was removed with the switch set")
		}
	})
}

func TestWhatOthersAddedBesideTheItemsOfAPlanStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, kinds["whole identity"])
		l.intrude(directory.Applications, "appobj", func(o *directory.Object) {
			o.SPA.RedirectURIs, o.Owners = append(o.SPA.RedirectURIs, "https://shop/cb"), append(o.Owners, "adam")
		})
		was := l.seed["appobj"]
		was.SPA.RedirectURIs, was.Owners = append(slices.Clone(was.SPA.RedirectURIs), "https://shop/cb"), append(slices.Clone(was.Owners), "adam")
		l.seed["appobj"] = was
		if err := errors.Join(l.toTheEnd(), l.end(kinds["whole identity"])); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsGoneWhenItsTurnComes(t *testing.T) {
	for name, tt := range map[string]struct {
		gone map[string]string // id to collection
		want remedy.State
	}{
		"the principal":             {map[string]string{victimID: directory.ServicePrincipals}, remedy.StateDone},
		"the application":           {map[string]string{"appobj": directory.Applications}, remedy.StateFailed},
		"what was planted on it":    {map[string]string{"payroll-obj": directory.Applications}, remedy.StateDone},
		"a second principal, alone": {map[string]string{"sp2": directory.ServicePrincipals}, remedy.StateDone},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := kinds["planted elsewhere"]
				if _, second := tt.gone["sp2"]; second {
					k = kinds["two principals"]
				}
				l := begin(t, k)
				for id, collection := range tt.gone {
					if err := l.dir.Delete(collection, id, "adam"); err != nil {
						t.Fatal(err)
					}
				}
				l.prover = func() error { return nil }
				err := l.toTheEnd()
				if op := l.operation(); err != nil || op.State != tt.want {
					t.Errorf("%s: %s (%v), want %s", op.State, op.Reason, err, tt.want)
				}
			})
		})
	}
}

func TestManyInstancesWithTheSameOrderDoTheWorkOfOne(t *testing.T) {
	for name, k := range kinds {
		if k.options.Watch {
			continue // who waits for eight days is no instance that is given the same order
		}
		t.Run(name, func(t *testing.T) {
			alone := 0
			synctest.Test(t, func(t *testing.T) {
				l := begin(t, k)
				if err := l.toTheEnd(); err != nil {
					t.Fatal(err)
				}
				alone = len(l.dir.Changes())
			})
			synctest.Test(t, func(t *testing.T) {
				l := begin(t, k)
				var wg sync.WaitGroup
				for i := range 4 {
					wg.Go(func() {
						if err := l.handle(t.Context(), fmt.Sprint("instance-", i)); err != nil && !errors.Is(err, fault.Conflict) {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if err := errors.Join(l.toTheEnd(), l.end(k)); err != nil {
					t.Error(err)
				}
				if n := len(l.dir.Changes()); n != alone {
					t.Errorf("%d changes in the directory, one instance makes %d", n, alone)
				}
			})
		})
	}
}

func TestWithoutAPermissionTheRestIsDoneAndThePrincipalStaysDisabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, kinds["whole identity"])
		l.roles = slices.DeleteFunc(slices.Clone(everyRole), func(r string) bool { return r == "DelegatedPermissionGrant.ReadWrite.All" })
		if err := l.toTheEnd(); err != nil {
			t.Fatal(err)
		}
		op := l.operation()
		sp, _ := l.dir.Get(directory.ServicePrincipals, victimID)
		app, _ := l.dir.Get(directory.Applications, "appobj")
		if op.State != remedy.StateContained || sp.AccountEnabled || len(app.PasswordCredentials) != 0 || !strings.Contains(op.Reason, "DelegatedPermissionGrant.ReadWrite.All") {
			t.Errorf("%s: %s; enabled %v, %d secrets are left", op.State, op.Reason, sp.AccountEnabled, len(app.PasswordCredentials))
		}
		rec, err := ledger.Open(context.Background(), &l.ledger, op.ID)
		if err != nil || len(ledger.Unanswered(rec.Entries())) > 0 {
			t.Errorf("the ledger has intents without results (%v)", err)
		}
	})
}

func TestA429WithoutATimeToWaitIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, armed := 0, false
		k := kinds["without a licence"]
		k.graph = graph.Options{Faults: func(method, path string) graph.Fault {
			if n++; armed && n%3 == 0 {
				return graph.Fault{Status: http.StatusTooManyRequests}
			}
			return graph.Fault{}
		}}
		k.refused = nil
		l := begin(t, k)
		armed = true
		if err := errors.Join(l.toTheEnd(), l.end(k)); err != nil {
			t.Error(err)
		}
	})
}

func TestTwoReplicasThatAreBehindDoNotHideWhatAnIntruderAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var planted time.Time
		k := kinds["credentials alone"]
		k.graph = graph.Options{Faults: func(method, path string) graph.Fault {
			if method == http.MethodGet && !planted.IsZero() && time.Since(planted) < 1500*time.Millisecond {
				return graph.Fault{Stale: 1500 * time.Millisecond} // every read of the first two rounds
			}
			return graph.Fault{}
		}}
		l := begin(t, k)
		l.wall = []wall{func(name string, _ bool, do func() error) error {
			err := do()
			if strings.Contains(name, "/federatedIdentityCredentials/fic") && planted.IsZero() { // the last removal
				time.Sleep(2 * time.Second) // what Rekey removed is known to all replicas
				planted = time.Now()
				l.intrude(directory.Applications, "appobj", func(o *directory.Object) {
					o.PasswordCredentials = append(o.PasswordCredentials, secretOf("late", ""))
				})
			}
			return err
		}}
		if err := errors.Join(l.toTheEnd(), l.end(k)); err != nil {
			t.Error(err)
		}
		if planted.IsZero() {
			t.Error("nothing was planted")
		}
	})
}

func TestTheFirstBundleIsTheTrueOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kinds["credentials alone"]
		l := begin(t, k)
		n := 0
		for at := 1; n == 0 && at < 200; at++ { // ends right after the bundle was written
			e := &ending{at: at, after: true}
			l.untilEnded(e)
			if e.name == "write blob" {
				n = at
			}
			if e.name == "" {
				t.Fatal("no bundle was written")
			}
			if n == 0 {
				l = begin(t, k)
			}
		}
		l.intrude(directory.Applications, "appobj", func(o *directory.Object) { o.Federated = append(o.Federated, ficOf("late")) })
		if err := errors.Join(l.toTheEnd(), l.end(k)); err != nil {
			t.Error(err)
		}
		data, err := l.undo.Read(t.Context(), remedy.BundleName(l.op))
		if err != nil || strings.Contains(string(data), "late") || !strings.Contains(string(data), "appcert") {
			t.Errorf("the bundle was written over (%v)", err)
		}
	})
}
