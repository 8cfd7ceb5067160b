package directory_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"rekey/deploy/local/directory"
)

func open(t *testing.T, dir string) *directory.Directory {
	t.Helper()
	d, err := directory.New("t", dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func ids(list []directory.Object) []string {
	out := []string{}
	for _, o := range list {
		out = append(out, o.ID)
	}
	return out
}

func TestAViewOfThePastShowsWhatWasThereThen(t *testing.T) {
	d := open(t, "")
	if err := d.Seed(directory.Applications, directory.Object{ID: "a", AppID: "x", DisplayName: "old"}, directory.Object{ID: "b"}); err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	err := errors.Join(
		d.Update(directory.Applications, "a", "me", "rename", func(o *directory.Object) error { o.DisplayName = "new"; return nil }),
		d.Create(directory.Applications, "me", "create", directory.Object{ID: "c"}),
		d.Delete(directory.Applications, "b", "me"),
	)
	if err != nil {
		t.Fatal(err)
	}
	now, then := d.View(time.Time{}), d.View(before)
	if got := ids(now.List(directory.Applications)); !reflect.DeepEqual(got, []string{"a", "c"}) {
		t.Errorf("now there are %v", got)
	}
	if got := ids(then.List(directory.Applications)); !reflect.DeepEqual(got, []string{"a", "b"}) {
		t.Errorf("then there were %v", got)
	}
	if got := then.ByAppID(directory.Applications, "x"); len(got) != 1 || got[0].DisplayName != "old" {
		t.Errorf("then it was %+v", got)
	}
	if _, ok := then.Get(directory.Deleted, "b"); ok {
		t.Error("then nothing was deleted")
	}
}

func TestWhatWasDeletedIsRestoredWhereItWas(t *testing.T) {
	d := open(t, "")
	o := directory.Object{ID: "a", Owners: []string{"u"}}
	if err := errors.Join(d.Seed(directory.Applications, o), d.Delete(directory.Applications, "a", "me"), d.Restore("a", "me")); err != nil {
		t.Fatal(err)
	}
	if got, ok := d.Get(directory.Applications, "a"); !ok || !reflect.DeepEqual(got, o) {
		t.Errorf("%v %+v", ok, got)
	}
	if err := d.Restore("a", "me"); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("restoring it twice: %v", err)
	}
	if err := d.Create(directory.Applications, "me", "create", o); !errors.Is(err, directory.ErrExists) {
		t.Errorf("creating what is there: %v", err)
	}
}

func TestARestartForgetsNoRelation(t *testing.T) {
	dir := t.TempDir()
	o := directory.Object{
		ID: "a", Owners: []string{"u"}, Grants: []directory.Grant{{ID: "g", Scope: "s"}}, AppRoles: []directory.AppRoleAssignment{{ID: "r"}},
		Risk: &directory.Risk{Level: "high"}, Lock: &directory.Lock{IsEnabled: true}, Document: []byte(`{"a":1}`),
	}
	if err := open(t, dir).Seed(directory.ServicePrincipals, o); err != nil {
		t.Fatal(err)
	}
	if got, ok := open(t, dir).Get(directory.ServicePrincipals, "a"); !ok || !reflect.DeepEqual(got, o) {
		t.Errorf("%v %+v, want %+v", ok, got, o)
	}
}
