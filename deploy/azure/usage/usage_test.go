package usage_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/deploy/azure/usage"
)

// module is a small program in the shape of Rekey: what is opened goes through a field, a parameter, a variable, a result, an
// interface and a method value.
var module = map[string]string{
	"go.mod": "module rekey\n\ngo 1.26\n",
	"shared/store/store.go": `package store
type Row struct{}
type Table interface { Get() Row; Put(Row); Delete(Row) }
type Blobs interface { Read() []byte; Append([]byte) }
type Bell interface { Ring() }
const Cases, People, Secret, Never = "cases", "people", "secret", "never"
`,
	"shared/host/config/config.go": `package config
func Load(spec any) error { return nil }
type Tenant struct { ID string ` + "`envconfig:\"TENANT\" required:\"true\"`" + ` }
`,
	"handlers/state/state.go": `package state
import "rekey/shared/store"
type Account struct{}
func (a *Account) Table(name string) store.Table { return nil }
func (a *Account) Blobs(name string) store.Blobs { return nil }
func (a *Account) Bell(name string) store.Bell { return nil }
func (a *Account) Cases() Cases { return Cases{Table: a.Table(store.Cases)} }
type Cases struct { Table store.Table }
func (c Cases) Read() { c.Table.Get() }
func (c Cases) Write() { c.Table.Put(store.Row{}) }
func (c Cases) Unused() { c.Table.Delete(store.Row{}) }
`,
	"shared/azure/graph/graph.go": `package graph
type Client struct{}
func (c *Client) Look() {}
func (c *Client) Change() {}
func (c *Client) Other() {}
`,
	"handlers/command/command.go": `package command
import ("rekey/handlers/state"; "rekey/shared/store")
func Run() { a := &state.Account{}; a.Table(store.People).Put(store.Row{}) }
`,
	"handlers/main.go": `package main
import ("rekey/handlers/state"; "rekey/shared/store"; "rekey/shared/azure/graph"; "rekey/shared/host/config")
var functions = map[string]func(){ "reads": newReads, "writes": newWrites, "rings": newRings, "acts": newActs, "vague": newVague }
type settings struct { config.Tenant; Mode string ` + "`envconfig:\"MODE\"`" + ` }
var account = &state.Account{}
func newReads() { var s settings; config.Load(&s); account.Cases().Read() }
func newWrites() { c := account.Cases(); defer c.Write(); people(account.Table(store.People)) }
func people(t store.Table) { remove := t.Delete; remove(store.Row{}) }
func newRings() { table, bell := account.Table(store.Secret), account.Bell("door"); _ = table; bell.Ring(); ledger().Append(nil) }
func ledger() store.Blobs { return account.Blobs("ledger") }
type looker interface { Look() }
func newActs() { var l looker = &graph.Client{}; l.Look() }
func newVague() { name := store.Never; account.Table(name).Get() }
func main() {}
`,
}

func program(t *testing.T) *usage.Program {
	t.Helper()
	dir := t.TempDir()
	for name, text := range module {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := usage.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatAFunctionOpensIsFollowedToItsUse(t *testing.T) {
	p := program(t)
	tests := map[string]struct {
		function string
		state    map[string]string
	}{
		"through a field and a method of another package":  {"reads", map[string]string{"table cases": "read"}},
		"through a parameter and a method value":           {"writes", map[string]string{"table cases": "write", "table people": "write"}},
		"through variables and a result, and only if used": {"rings", map[string]string{"queue door": "ring", "container ledger": "write"}},
		"a name that is not a constant is told":            {"vague", map[string]string{"table ?": "read"}},
		"nothing":                                          {"acts", map[string]string{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			u, err := p.Of(tt.function)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.state, u.State); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMethodsBehindInterfacesAndSettingsOfEmbeddedStructsAreFound(t *testing.T) {
	p := program(t)
	u, err := p.Of("acts")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"graph": {"Client.Look"}}, u.Methods); diff != "" {
		t.Error(diff)
	}
	if u, err = p.Of("reads"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]usage.Setting{"TENANT": {Required: true}, "MODE": {}}, u.Settings); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"main.settings"}, u.Specs); diff != "" {
		t.Error(diff)
	}
}

func TestPeoplesCommandsAreFollowed(t *testing.T) {
	u, err := program(t).People()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"table people": "write"}, u.State); diff != "" {
		t.Error(diff)
	}
}

func TestAFunctionThatIsNotInTheTableIsAnError(t *testing.T) {
	if _, err := program(t).Of("nobody"); err == nil {
		t.Error("an app of a function that is not there was read")
	}
}
