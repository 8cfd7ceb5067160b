package exposure_test

import (
	"fmt"
	"strings"
	"testing"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/exposure"
)

func exposureDay(day int) baseline.Day { return baseline.DayOf(at(day, 0)) }

func objects(reads []exposure.Read) string {
	var out []string
	for i := range reads {
		out = append(out, reads[i].Object)
	}
	return strings.Join(out, " ")
}

func TestReadsAreTheNewestFirstAndOnlyWhatHasToBeRotated(t *testing.T) {
	x := index(
		get(at(1, 3), "v", "old"), get(at(8, 3), "v", "b"), get(at(9, 3), "v", "a"), vault(at(9, 5), "KeyBackup", "v", "keys/k"),
		vault(at(9, 6), "KeySign", "v", "keys/k2"), vault(at(9, 6), "SecretListVersions", "v", "secrets/c"), vault(at(9, 7), "SecretList", "v", ""),
		get(at(9, 8), "v", "denied", status(403)), arm(at(9, 4), "microsoft.storage/storageaccounts/listkeys/action", storage+"s"),
	)
	if got, want := objects(x.Reads(at(8, 0))), "v/keys/k "+storage+"s v/secrets/a v/secrets/b"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := objects(x.Reads(at(9, 5))); got != "v/keys/k" {
		t.Errorf("since the hour of the last one: %s", got)
	}
	if got := strings.Join(x.Vaults(at(8, 0)), " "); got != "v" {
		t.Errorf("vaults: %s", got)
	}
}

func TestOftenIsWhatThePrincipalLivesOn(t *testing.T) {
	x := index(append(usual(), get(at(10, 3), "payroll", "once"))...)
	if got, want := objects(x.Often(hasher, at(1, 0))), "own/secrets/queue own/secrets/db payroll/secrets/once"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	v := x.Before(hasher, exposureDay(5))
	if got := v.DaysOf("own/secrets/db"); got != 4 {
		t.Errorf("%d days before the fifth", got)
	}
	if v.Watched != 4 {
		t.Errorf("watched for %d days", v.Watched)
	}
}

func TestAnIntrudersReadIsNotOverwrittenByTheOwnersDailyOnes(t *testing.T) {
	x := index(append(usual(), get(at(4, 2), "own", "db", from("198.51.100.9", 0), func(e *event.Event) { e.Vault.Version = version2 }))...)
	var found *exposure.Read
	for _, r := range x.Reads(at(1, 0)) {
		if r.Origin.Prefix.IsValid() {
			found = &r
		}
	}
	if found == nil || found.Object != "own/secrets/db" || found.From.String() != "198.51.100.9" || found.First() != at(4, 2).Truncate(3600e9) || fmt.Sprint(found.Versions()) != "["+version2+"]" {
		t.Errorf("%+v", found)
	}
}

func TestTheLastVersionsAreKept(t *testing.T) {
	version := func(v string) func(*event.Event) { return func(e *event.Event) { e.Vault.Version = v } }
	x := index(
		get(at(1, 9), "v", "a", version(version1)), get(at(1, 3), "v", "a", version(version2)), get(at(1, 2), "v", "a", version(strings.Repeat("7", 32))),
		get(at(1, 1), "v", "a", version("versions")), get(at(1, 1), "v", "a"),
	)
	if got := x.Reads(at(1, 0))[0].Versions(); fmt.Sprint(got) != fmt.Sprint([]string{version1, version2}) {
		t.Error(got)
	}
}

func TestTheDayAndWhatFollowsMakeNothingFamiliar(t *testing.T) {
	x := index(append(usual(), get(at(10, 3), "payroll", "db"), get(at(12, 3), "payroll", "db"))...)
	for day, want := range map[int]exposure.Novelty{9: exposure.New, 10: exposure.New, 11: exposure.Known, 13: exposure.Known} {
		v := x.Before(hasher, exposureDay(day))
		if got := v.Did(exposure.OpGet, "payroll/secrets/db"); got != want {
			t.Errorf("the secret on day %d: %v, want %v", day, got, want)
		}
		if got := v.Vault("payroll"); got != want {
			t.Errorf("the vault on day %d: %v, want %v", day, got, want)
		}
	}
	v := x.Before(hasher, exposureDay(10))
	if v.Fresh(exposure.OpGet|exposure.OpBackup) != exposure.OpBackup {
		t.Error("backup is what was never done")
	}
}

func TestWhereThereIsNoRoomTheAnswerIsUnknownAndNeverWrong(t *testing.T) {
	x := new(exposure.Index)
	name := func(i int) string { return fmt.Sprint("s", i) }
	for i := range 1000 {
		x.Observe(hasher, get(at(1, 3), "v", name(i)))
	}
	v, known, unknown := x.Before(hasher, exposureDay(2)), 0, 0
	for i := range 2000 {
		switch got := v.Did(exposure.OpGet, "v/secrets/"+name(i)); {
		case got == exposure.Unknown:
			unknown++
		case (got == exposure.Known) != (i < 1000):
			t.Fatalf("%s is %v", name(i), got)
		case got == exposure.Known:
			known++
		}
	}
	if known != 256 || unknown < 1000 {
		t.Errorf("%d known, %d unknown", known, unknown)
	}
	if got := len(x.Reads(at(1, 0))); got != 192 || !x.More(exposure.ClassObject) {
		t.Errorf("%d reads, more: %v", got, x.More(exposure.ClassObject))
	}
	x.Observe(hasher, get(at(2, 3), "v", "newest"))
	if got := x.Reads(at(2, 0)); len(got) != 1 {
		t.Error("the newest read found no room")
	}
}

func TestForgettingGoesByDateAndMakesNothingNewThatFellOut(t *testing.T) {
	x := new(exposure.Index)
	for i := range 1000 {
		x.Observe(hasher, get(at(1, 3), "v", fmt.Sprint("s", i)))
	}
	x.Observe(hasher, get(at(9, 3), "own", "db"))
	if !x.Outdated(exposureDay(5)) || x.Outdated(exposureDay(1)) {
		t.Error("something of the first day is older than the fifth, and nothing than the first")
	}
	x.Forget(exposureDay(5))
	if x.Outdated(exposureDay(5)) {
		t.Error("something is left of what was to be forgotten")
	}
	if got := objects(x.Reads(at(1, 0))); got != "own/secrets/db" {
		t.Error(got)
	}
	x = decoded(t, encoded(t, x))
	v, unknown := x.Before(hasher, exposureDay(10)), 0
	for i := range 1000 {
		if v.Did(exposure.OpGet, fmt.Sprint("v/secrets/s", i)) == exposure.Unknown {
			unknown++
		}
	}
	if unknown != 744 && unknown != 745 {
		t.Errorf("%d of 744 are still unknown", unknown)
	}
	x.Forget(exposureDay(30))
	if !x.Empty() || !x.More(exposure.ClassObject) {
		t.Error("it is not empty, or forgot that there was more")
	}
}

func TestNamesAreWhatPeopleCanRead(t *testing.T) {
	long := strings.Repeat("n", 127)
	x := index(get(at(1, 1), "v", "a\x1b[31m\"<b>"), get(at(1, 1), "v", long), get(at(1, 1), "v", long+"x"))
	reads := x.Reads(at(1, 0))
	if len(reads) != 3 {
		t.Fatalf("%d reads: long names must stay two", len(reads))
	}
	for _, r := range reads {
		if len(r.Object) > 80 || strings.ContainsAny(r.Object, "\x1b\"<>") {
			t.Errorf("%q", r.Object)
		}
	}
}

func TestGraphPathsInAllTheirForms(t *testing.T) {
	for uri, want := range map[string]string{
		"https://graph.microsoft.com/v1.0/applications/1/addPassword":            "POST /applications/{id}/addPassword",
		"https://graph.microsoft.com/beta//applications/1/addPassword":           "POST /applications/{id}/addPassword",
		"https://graph.microsoft.com/v1.0/applications(appId='x/y')/addPassword": "",
		"https://graph.microsoft.com/v1.0/applications(appId='x')/addPassword":   "POST /applications/{id}/addPassword",
		"https://graph.microsoft.com/v1.0/APPLICATIONS?x=/addPassword":           "POST /applications",
		"/v1.0/users/1/authentication/methods/2/resetPassword":                   "POST /users/{id}/authentication/methods/{id}/resetPassword",
		"/v1.0/roleManagement/directory/roleAssignments":                         "POST /roleManagement/directory/roleAssignments",
		"/v1.0/users/1/sendMail": "",
		"":                       "",
	} {
		f, _ := exposure.FactOf(graph(at(1, 1), "post", uri))
		if f.Object != want {
			t.Errorf("%s: %q, want %q", uri, f.Object, want)
		}
	}
}

func TestActionsThatHandOutKeys(t *testing.T) {
	for operation, want := range map[string]bool{
		"microsoft.storage/storageaccounts/listkeys/action":                            true,
		"microsoft.storage/storageaccounts/listaccountsas/action":                      true,
		"microsoft.storage/storageaccounts/regeneratekey/action":                       true,
		"microsoft.web/sites/config/list/action":                                       true,
		"microsoft.web/sites/slots/config/list/action":                                 true,
		"microsoft.web/sites/publishxml/action":                                        true,
		"microsoft.documentdb/databaseaccounts/listconnectionstrings/action":           true,
		"microsoft.containerregistry/registries/listcredentials/action":                true,
		"microsoft.containerservice/managedclusters/listclusteradmincredential/action": true,
		"microsoft.operationalinsights/workspaces/sharedkeys/action":                   true,
		"microsoft.keyvault/vaults/write":                                              false,
		"microsoft.storage/storageaccounts/write":                                      false,
		"microsoft.compute/virtualmachines/start/action":                               false,
		"microsoft.keyvault/checknameavailability/read":                                false,
	} {
		f, _ := exposure.FactOf(arm(at(1, 1), operation, storage+"a"))
		if got := f.Op == exposure.OpKeys; got != want {
			t.Errorf("%s hands out keys: %v, want %v", operation, got, want)
		}
	}
	started := arm(at(1, 1), "microsoft.storage/storageaccounts/listkeys/action", storage+"a")
	started.Azure.Status = "Start"
	if _, ok := exposure.FactOf(started); ok {
		t.Error("the start of an operation counts")
	}
	started.Azure.Status = "Failure"
	if f, ok := exposure.FactOf(started); !ok || f.Class != exposure.ClassDenied {
		t.Error("its failure is not a refusal")
	}
}
