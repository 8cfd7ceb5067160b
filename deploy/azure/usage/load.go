// Package usage finds out what each function app uses: tables, containers and queues and how, permissions of Microsoft Graph
// and Azure, and settings. It reads the code, so that a table of permissions can be compared with what is called.
//
// It starts at the constructors of the app's functions (handlers/routes.go) and follows every function, method and variable
// that is named from there; a call through an interface reaches every type with these methods that is named, too. Where a
// table goes, it follows through fields, variables, parameters and results, without telling calls apart. So it may find too
// much, and never too little, as long as tables are opened by name with the methods of handlers/state.
package usage

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Program is the loaded code.
type Program struct {
	units map[types.Object]unit // functions and package variables, by what names them
	named []*types.Named        // types of the module
}

// unit is a piece of code that has a name.
type unit struct {
	node ast.Node
	info *types.Info
}

// Load reads the packages of the module at dir.
func Load(dir string) (*Program, error) {
	loaded, err := packages.Load(&packages.Config{
		Dir:  dir,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports,
	}, "./handlers/...", "./shared/...")
	if err != nil {
		return nil, fmt.Errorf("loading the code: %w", err)
	}
	p := &Program{units: map[types.Object]unit{}}
	var problems []error
	for _, pkg := range loaded {
		for _, e := range pkg.Errors {
			problems = append(problems, e)
		}
		for _, f := range pkg.Syntax {
			p.declare(f, pkg.TypesInfo)
		}
	}
	return p, errors.Join(problems...)
}

func (p *Program) declare(f *ast.File, info *types.Info) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if o := info.Defs[d.Name]; o != nil && d.Body != nil {
				p.units[o] = unit{d, info}
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				p.spec(s, d.Tok, info)
			}
		}
	}
}

func (p *Program) spec(s ast.Spec, tok token.Token, info *types.Info) {
	switch s := s.(type) {
	case *ast.ValueSpec:
		for _, name := range s.Names {
			if o := info.Defs[name]; o != nil && tok == token.VAR && len(s.Values) > 0 {
				p.units[o] = unit{s, info}
			}
		}
	case *ast.TypeSpec:
		if o := info.Defs[s.Name]; o != nil {
			if n, ok := o.Type().(*types.Named); ok {
				p.named = append(p.named, n)
			}
		}
	}
}

// find returns a package's object by its name.
func (p *Program) find(pkg, name string) types.Object {
	for o := range p.units {
		if o.Pkg().Path() == pkg && o.Name() == name && o.Parent() == o.Pkg().Scope() {
			return o
		}
	}
	return nil
}

// Functions returns the constructor of each function, by the function's name.
func (p *Program) Functions() (map[string]types.Object, error) {
	table := p.find("rekey/handlers", "functions")
	if table == nil {
		return nil, errors.New("handlers/routes.go has no variable functions")
	}
	out := map[string]types.Object{}
	u := p.units[table]
	ast.Inspect(u.node, func(n ast.Node) bool {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.BasicLit); ok {
				if id, ok := kv.Value.(*ast.Ident); ok {
					out[strings.Trim(key.Value, `"`)] = u.info.Uses[id]
				}
			}
		}
		return true
	})
	return out, nil
}

// reach is everything that is named from some roots on.
type reach struct {
	program *Program
	units   map[types.Object]bool
	types   map[*types.TypeName]bool
	calls   map[*types.Func]bool // methods of interfaces
}

// reach follows the code from its roots.
func (p *Program) reach(roots []types.Object) *reach {
	r := &reach{p, map[types.Object]bool{}, map[*types.TypeName]bool{}, map[*types.Func]bool{}}
	for _, o := range roots {
		r.visit(o)
	}
	for more := true; more; {
		before := len(r.units)
		r.implementations()
		more = len(r.units) > before
	}
	return r
}

// visit follows one unit. Package variables of the module are units, too.
func (r *reach) visit(o types.Object) {
	u, ok := r.program.units[o]
	if !ok || r.units[o] {
		return
	}
	r.units[o] = true
	ast.Inspect(u.node, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		switch used := u.info.Uses[id].(type) {
		case *types.Func:
			used = used.Origin()
			if recv := used.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
				r.calls[used] = true
			}
			r.visit(used)
		case *types.Var:
			r.visit(used)
		case *types.TypeName:
			r.types[used] = true
		}
		return true
	})
	if f, ok := o.(*types.Func); ok { // what it returns and takes is named, even where no literal says so
		for _, t := range []*types.Tuple{f.Signature().Params(), f.Signature().Results()} {
			for v := range t.Variables() {
				r.mention(v.Type())
			}
		}
	}
}

// mention notes the module's types that a type is made of.
func (r *reach) mention(t types.Type) {
	switch t := t.(type) {
	case *types.Pointer:
		r.mention(t.Elem())
	case *types.Named:
		r.types[t.Obj()] = true
	}
}

// implementations follows the methods that calls through interfaces may reach.
func (r *reach) implementations() {
	for _, n := range r.program.named {
		if !r.types[n.Obj()] || types.IsInterface(n) || n.TypeParams().Len() > 0 {
			continue
		}
		for _, call := range slices.Collect(maps.Keys(r.calls)) {
			iface := call.Signature().Recv().Type().Underlying().(*types.Interface)
			if !types.Implements(n, iface) && !types.Implements(types.NewPointer(n), iface) {
				continue
			}
			if m, _, _ := types.LookupFieldOrMethod(types.NewPointer(n), true, n.Obj().Pkg(), call.Name()); m != nil {
				r.visit(m)
			}
		}
	}
}
