package rotate

import (
	"context"
	"errors"
	"slices"
	"strings"

	"rekey/shared/azure/graph"
	"rekey/shared/fault"
)

// holder is the object that has a client secret: an application, or one of its service principals.
type holder struct {
	collection string
	graph.Object
}

func (h holder) has(keyIDs ...string) bool {
	return slices.ContainsFunc(h.PasswordCredentials, func(p graph.PasswordCredential) bool {
		return slices.ContainsFunc(keyIDs, func(id string) bool { return id != "" && strings.EqualFold(p.KeyID, id) })
	})
}

// candidates are the objects of an application. The application comes first, where it is of this tenant.
func (t *task) candidates(ctx context.Context) ([]holder, error) {
	var out []holder
	app, err := t.Directory.Application(ctx, t.i.Provider)
	if err == nil {
		out = append(out, holder{graph.Applications, app})
	}
	if err != nil && !errors.Is(err, fault.NotFound) || err == nil && out[0].has(t.i.Credential, t.i.NewID) {
		return out, err
	}
	missing := err
	list, err := t.Directory.ServicePrincipals(ctx, t.i.Provider)
	if err != nil {
		return nil, err
	}
	for _, sp := range list {
		out = append(out, holder{graph.ServicePrincipals, sp})
	}
	if len(out) == 0 {
		return nil, missing
	}
	return out, nil
}

// holder finds the object that has the old client secret, or the new one when that is gone; else the application.
func (t *task) holder(ctx context.Context) (holder, error) {
	all, err := t.candidates(ctx)
	if err != nil {
		return holder{}, err
	}
	if i := slices.IndexFunc(all, func(h holder) bool { return h.has(t.i.Credential, t.i.NewID) }); i >= 0 {
		return all[i], nil
	}
	return all[0], nil
}

// holders is one object with the client secrets of all.
func (t *task) holders(ctx context.Context) (graph.Object, error) {
	var out graph.Object
	all, err := t.candidates(ctx)
	for _, h := range all {
		out.PasswordCredentials = append(out.PasswordCredentials, h.PasswordCredentials...)
	}
	return out, err
}
