package graph

import (
	"net/http"
	"slices"

	"rekey/deploy/local/directory"
)

// maxFederated is how many federated credentials an application may have.
const maxFederated = 20

func (s *Server) listFederated(collection string) func(call) {
	return func(c call) {
		o, ok := c.view.Get(collection, c.id())
		if !ok {
			notFound(c.id()).write(c.w)
			return
		}
		var items []item
		for _, f := range o.Federated {
			items = append(items, federated(f))
		}
		s.page(c, collection+"/federatedIdentityCredentials", items)
	}
}

func federated(f directory.Federated) item {
	return item{"id": f.ID, "name": f.Name, "issuer": f.Issuer, "subject": f.Subject, "description": text(f.Description), "audiences": list(f.Audiences)}
}

func (s *Server) addFederated(c call) {
	var in directory.Federated
	if err := c.body(&in); err != nil {
		c.refuse(err)
		return
	}
	in.ID = guid()
	err := s.directory.Update(directory.Applications, c.id(), c.actor.AppID, "addFederated "+in.Name, func(o *directory.Object) error {
		switch {
		case in.Name == "" || in.Issuer == "" || in.Subject == "" || len(in.Audiences) != 1:
			return bad("FederatedIdentityCredential must have a name, an issuer, a subject and one audience.")
		case len(o.Federated) >= maxFederated:
			return bad("Cannot have more than 20 federated identity credentials on an application.")
		case slices.ContainsFunc(o.Federated, func(f directory.Federated) bool { return f.Name == in.Name }):
			return problem{http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue", "FederatedIdentityCredential with name " + in.Name + " already exists.", nil}
		case slices.ContainsFunc(o.Federated, func(f directory.Federated) bool { return f.Issuer == in.Issuer && f.Subject == in.Subject }):
			return bad("The combination of issuer and subject must be unique on the application.")
		}
		o.Federated = append(o.Federated, in)
		return nil
	})
	if err != nil {
		c.refuse(err)
		return
	}
	answer(c.w, http.StatusCreated, federated(in))
}

// removeFederated removes by id or by name.
func (s *Server) removeFederated(c call) {
	fic := c.r.PathValue("item")
	s.edit(c, directory.Applications, "removeFederated "+fic, func(o *directory.Object) error {
		left := slices.DeleteFunc(slices.Clone(o.Federated), func(f directory.Federated) bool { return f.ID == fic || f.Name == fic })
		if len(left) == len(o.Federated) {
			return notFound(fic)
		}
		o.Federated = left
		return nil
	})
}
