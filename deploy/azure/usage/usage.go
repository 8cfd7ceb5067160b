package usage

import (
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"reflect"
	"slices"
	"strings"
)

// Usage is what one app uses.
type Usage struct {
	State    map[string]string   // "table principals" -> "read" or "write"; "queue triage" -> "ring"
	Methods  map[string][]string // package of shared/azure -> "Client.Make", sorted
	Settings map[string]Setting  // by name
	Specs    []string            // types of settings that are loaded, like "settings.Detect", sorted
}

// Setting is one variable of the environment.
type Setting struct{ Required bool }

// access is what each method of the ports of package store does.
var access = map[string]string{
	"table Get": "read", "table List": "read", "table Scan": "read", "table Put": "write", "table Delete": "write",
	"container Read": "read", "container List": "read", "container Write": "write", "container Append": "write",
	"queue Ring": "ring",
}

// Of returns what an app of these functions uses.
func (p *Program) Of(functions ...string) (*Usage, error) {
	constructors, err := p.Functions()
	if err != nil {
		return nil, err
	}
	var roots []types.Object
	for _, f := range functions {
		if constructors[f] == nil {
			return nil, fmt.Errorf("function %s has no constructor in handlers/routes.go", f)
		}
		roots = append(roots, constructors[f])
	}
	return p.from(roots...), nil
}

// People returns what the commands of the people who run Rekey use (handlers/command).
func (p *Program) People() (*Usage, error) {
	run := p.find("rekey/handlers/command", "Run")
	if run == nil {
		return nil, errors.New("handlers/command has no function Run")
	}
	return p.from(run), nil
}

func (p *Program) from(roots ...types.Object) *Usage {
	r := p.reach(roots)
	u := &Usage{State: map[string]string{}, Methods: map[string][]string{}, Settings: map[string]Setting{}}
	f := r.flows()
	for o := range r.units {
		piece := p.units[o]
		u.method(o)
		ast.Inspect(piece.node, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				u.touch(piece.info, f, n)
			case *ast.CallExpr:
				u.load(piece.info, n)
			}
			return true
		})
	}
	for _, list := range u.Methods {
		slices.Sort(list)
	}
	slices.Sort(u.Specs)
	u.Specs = slices.Compact(u.Specs)
	return u
}

// touch notes a use of a port's method.
func (u *Usage) touch(info *types.Info, f *flow, s *ast.SelectorExpr) {
	if _, ok := info.Uses[s.Sel].(*types.Func); !ok {
		return
	}
	for _, name := range f.names(info, s.X) {
		kind, _, _ := strings.Cut(name, " ")
		if how := access[kind+" "+s.Sel.Name]; how != "" && u.State[name] != "write" {
			u.State[name] = how
		}
	}
}

// method notes an exported method of an adapter.
func (u *Usage) method(o types.Object) {
	fn, ok := o.(*types.Func)
	if !ok || !fn.Exported() || fn.Signature().Recv() == nil || !inModule(fn) {
		return
	}
	pkg, ok := strings.CutPrefix(fn.Pkg().Path(), "rekey/shared/azure/")
	if !ok {
		return
	}
	t := fn.Signature().Recv().Type()
	if ptr, ok := t.(*types.Pointer); ok {
		t = ptr.Elem()
	}
	if n, ok := t.(*types.Named); ok {
		u.Methods[pkg] = append(u.Methods[pkg], n.Obj().Name()+"."+fn.Name())
	}
}

// load notes the settings that config.Load fills.
func (u *Usage) load(info *types.Info, c *ast.CallExpr) {
	fn, ok := object(info, c.Fun).(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != "rekey/shared/host/config" || fn.Name() != "Load" || len(c.Args) != 1 {
		return
	}
	t := info.TypeOf(c.Args[0])
	if ptr, ok := t.(*types.Pointer); ok {
		t = ptr.Elem()
	}
	if n, ok := t.(*types.Named); ok {
		u.Specs = append(u.Specs, n.Obj().Pkg().Name()+"."+n.Obj().Name())
	}
	u.fields(t)
}

func (u *Usage) fields(t types.Type) {
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i := range s.NumFields() {
		tag := reflect.StructTag(s.Tag(i))
		if name := tag.Get("envconfig"); name != "" {
			old := u.Settings[name]
			u.Settings[name] = Setting{Required: old.Required || tag.Get("required") == "true"}
		} else {
			u.fields(s.Field(i).Type())
		}
	}
}
