package usage

import (
	"go/ast"
	"go/constant"
	"go/types"
	"strings"
)

// statePackage opens tables, containers and queues by their names.
const statePackage = "rekey/handlers/state"

// kinds are the methods that open something, and what they open.
var kinds = map[string]string{"Table": "table", "Blobs": "container", "Bell": "queue"}

// flow is where what was opened goes: from an object (variable, field, parameter, or function for its result) to others.
type flow struct {
	to     map[types.Object][]types.Object
	opened map[types.Object]map[string]bool // "table principals"
}

// flows follows every assignment in the reachable code.
func (r *reach) flows() *flow {
	f := &flow{map[types.Object][]types.Object{}, map[types.Object]map[string]bool{}}
	for o := range r.units {
		u := r.program.units[o]
		ast.Inspect(u.node, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				f.literal(u.info, n)
			case *ast.AssignStmt:
				for i := range n.Rhs {
					if len(n.Lhs) == len(n.Rhs) {
						f.pass(u.info, n.Rhs[i], object(u.info, n.Lhs[i]))
					}
				}
			case *ast.ValueSpec:
				for i := range n.Values {
					if len(n.Names) == len(n.Values) {
						f.pass(u.info, n.Values[i], u.info.Defs[n.Names[i]])
					}
				}
			case *ast.CallExpr:
				f.call(u.info, n)
			case *ast.ReturnStmt:
				for _, e := range n.Results {
					f.pass(u.info, e, o)
				}
			}
			return true
		})
	}
	f.spread()
	return f
}

// literal passes the values of a struct to its fields.
func (f *flow) literal(info *types.Info, lit *ast.CompositeLit) {
	s, ok := info.TypeOf(lit).Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				f.pass(info, kv.Value, info.Uses[key])
			}
		} else if i < s.NumFields() {
			f.pass(info, e, s.Field(i))
		}
	}
}

// call passes arguments to parameters.
func (f *flow) call(info *types.Info, c *ast.CallExpr) {
	fn, ok := object(info, c.Fun).(*types.Func)
	if !ok {
		return
	}
	params := fn.Origin().Signature().Params()
	for i, a := range c.Args {
		if i < params.Len() {
			f.pass(info, a, params.At(i))
		}
	}
}

// pass notes that an expression's value goes to an object.
func (f *flow) pass(info *types.Info, e ast.Expr, to types.Object) {
	if to == nil {
		return
	}
	if v, ok := to.(*types.Var); ok {
		to = v.Origin()
	}
	if name := opens(info, e); name != "" {
		f.add(to, name)
	} else if from := object(info, e); from != nil && from != to {
		f.to[from] = append(f.to[from], to)
	}
}

func (f *flow) add(o types.Object, name string) bool {
	if f.opened[o][name] {
		return false
	}
	if f.opened[o] == nil {
		f.opened[o] = map[string]bool{}
	}
	f.opened[o][name] = true
	return true
}

// spread passes names on until nothing changes.
func (f *flow) spread() {
	for more := true; more; {
		more = false
		for from, targets := range f.to {
			for name := range f.opened[from] {
				for _, to := range targets {
					more = f.add(to, name) || more
				}
			}
		}
	}
}

// names are what an expression may be.
func (f *flow) names(info *types.Info, e ast.Expr) []string {
	if name := opens(info, e); name != "" {
		return []string{name}
	}
	var out []string
	for name := range f.opened[object(info, e)] {
		out = append(out, name)
	}
	return out
}

// opens returns what an expression opens: "table principals" for account.Table(store.TablePrincipals), else "".
func opens(info *types.Info, e ast.Expr) string {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || len(c.Args) != 1 {
		return ""
	}
	fn, ok := object(info, c.Fun).(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != statePackage || kinds[fn.Name()] == "" {
		return ""
	}
	if v := info.Types[c.Args[0]].Value; v != nil && v.Kind() == constant.String {
		return kinds[fn.Name()] + " " + constant.StringVal(v)
	}
	return kinds[fn.Name()] + " ?" // not a constant: nobody can tell which, and the comparison fails
}

// object is what an expression names: a variable, a field, or the function whose result it is.
func object(info *types.Info, e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if o := info.Uses[e]; o != nil {
			return origin(o)
		}
		return info.Defs[e]
	case *ast.SelectorExpr:
		return origin(info.Uses[e.Sel])
	case *ast.CallExpr:
		return object(info, e.Fun)
	case *ast.UnaryExpr:
		return object(info, e.X)
	case *ast.StarExpr:
		return object(info, e.X)
	case *ast.IndexExpr:
		return object(info, e.X)
	}
	return nil
}

func origin(o types.Object) types.Object {
	switch o := o.(type) {
	case *types.Func:
		return o.Origin()
	case *types.Var:
		return o.Origin()
	}
	return o
}

// inModule reports whether an object is the module's own.
func inModule(o types.Object) bool {
	return o != nil && o.Pkg() != nil && (o.Pkg().Path() == "rekey" || strings.HasPrefix(o.Pkg().Path(), "rekey/"))
}
