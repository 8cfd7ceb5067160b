package graph

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"rekey/deploy/local/directory"
)

func (s *Server) list(collection string) func(call) {
	return func(c call) {
		var items []item
		for _, o := range c.view.List(collection) {
			items = append(items, s.typed(o, shown(collection, o, false)))
		}
		s.page(c, collection, items)
	}
}

// agents lists the agent identities alone.
func (s *Server) agents(c call) {
	var items []item
	for _, o := range c.view.List(directory.ServicePrincipals) {
		if o.AgentBlueprintID != "" {
			items = append(items, shown(directory.ServicePrincipals, o, false))
		}
	}
	s.page(c, "servicePrincipals/microsoft.graph.agentIdentity", items)
}

func (s *Server) get(collection string) func(call) {
	return func(c call) {
		names := c.r.URL.Query().Get("$select")
		if names == "keyCredentials" && s.tooManyKeyReads() {
			c.w.Header().Set("Retry-After", "10")
			problem{http.StatusTooManyRequests, "TooManyRequests", "Too many requests.", nil}.write(c.w)
			return
		}
		o, ok := c.view.Get(collection, c.id())
		if !ok {
			notFound(c.id()).write(c.w)
			return
		}
		all := s.typed(o, shown(collection, o, names == "keyCredentials"))
		if err := selectable(all, names); err != nil {
			c.refuse(err)
			return
		}
		answer(c.w, http.StatusOK, selected(all, names))
	}
}

// typed adds the type of a blueprint's principal, which follows from the agents that live on it.
func (s *Server) typed(o directory.Object, out item) item {
	if out["servicePrincipalType"] != nil && s.blueprint(o.AppID) && o.AgentBlueprintID == "" {
		out["@odata.type"] = "#microsoft.graph.agentIdentityBlueprintPrincipal"
	}
	return out
}

// shown is an object as Graph answers it: no secret, and keys only where nothing else was asked for.
func shown(collection string, o directory.Object, withKeys bool) item {
	out := item{
		"id": o.ID, "appId": o.AppID, "displayName": o.DisplayName, "signInAudience": text(o.SignInAudience),
		"keyCredentials": keys(o, withKeys), "passwordCredentials": passwords(o), "tokenEncryptionKeyId": text(o.TokenEncryptionKeyID),
		"applicationTemplateId": text(o.ApplicationTemplateID), "disabledByMicrosoftStatus": text(o.DisabledByMicrosoft),
		"verifiedPublisher": verified(o.VerifiedPublisher), "tags": list(o.Tags),
	}
	if collection == directory.Applications {
		out["createdDateTime"] = o.CreatedDateTime
		out["publisherDomain"], out["identifierUris"] = text(o.PublisherDomain), list(o.IdentifierURIs)
		out["web"], out["spa"], out["publicClient"] = platform(o.Web, true), platform(o.SPA, false), platform(o.PublicClient, false)
		out["servicePrincipalLockConfiguration"] = o.Lock
		out["uniqueName"], out["groupMembershipClaims"] = text(o.UniqueName), text(o.GroupMembershipClaims)
		out["appRoles"], out["api"] = roles(o.DefinedAppRoles), item{
			"acceptMappedClaims": nil, "knownClientApplications": []string{}, "preAuthorizedApplications": []item{},
			"oauth2PermissionScopes": scopes(o.API.Scopes), "requestedAccessTokenVersion": o.API.RequestedAccessTokenVersion,
		}
		return out
	}
	if o.AgentBlueprintID != "" {
		out["@odata.type"], out["agentIdentityBlueprintId"] = "#microsoft.graph.agentIdentity", o.AgentBlueprintID
	}
	out["servicePrincipalType"], out["accountEnabled"] = o.ServicePrincipalType, o.AccountEnabled
	out["appOwnerOrganizationId"], out["preferredSingleSignOnMode"] = text(o.AppOwnerOrganizationID), text(o.PreferredSSOMode)
	out["preferredTokenSigningKeyThumbprint"] = text(o.PreferredTokenSigningKey)
	out["replyUrls"], out["servicePrincipalNames"], out["alternativeNames"] = list(o.ReplyURLs), list(o.ServicePrincipalNames), list(o.AlternativeNames)
	out["logoutUrl"], out["homepage"] = text(o.Web.LogoutURL), text(o.Web.HomePageURL)
	out["appRoles"] = roles(o.DefinedAppRoles)
	return out
}

func keys(o directory.Object, withKeys bool) []item {
	out := []item{}
	for _, k := range o.KeyCredentials {
		i := item{
			"customKeyIdentifier": k.CustomKeyIdentifier, "displayName": k.DisplayName, "endDateTime": k.EndDateTime, "keyId": k.KeyID,
			"startDateTime": k.StartDateTime, "type": k.Type, "usage": k.Usage, "key": nil,
		}
		if withKeys && k.Usage == "Verify" {
			i["key"] = k.Key
		}
		out = append(out, i)
	}
	return out
}

func passwords(o directory.Object) []item {
	out := []item{}
	for _, p := range o.PasswordCredentials {
		out = append(out, password(p, nil))
	}
	return out
}

// password is a client secret as Graph shows it; only the answer that made it has its text.
func password(p directory.PasswordCredential, secret any) item {
	return item{
		"customKeyIdentifier": p.CustomKeyIdentifier, "displayName": p.DisplayName, "endDateTime": p.EndDateTime, "hint": p.Hint, "keyId": p.KeyID,
		"secretText": secret, "startDateTime": p.StartDateTime,
	}
}

func platform(p directory.Redirects, web bool) item {
	out := item{"redirectUris": list(p.RedirectURIs)}
	if web {
		out["logoutUrl"], out["homePageUrl"] = text(p.LogoutURL), text(p.HomePageURL)
	}
	return out
}

func verified(v *directory.VerifiedPublisher) any {
	if v == nil {
		return item{"displayName": nil, "verifiedPublisherId": nil, "addedDateTime": nil}
	}
	return v
}

// text is null for what is not there.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// list is an empty list, never null.
func list(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

// remove moves an object to the deleted items. The service principal goes with its application.
func (s *Server) remove(collection string) func(call) {
	return func(c call) {
		o, ok := s.directory.Get(collection, c.id())
		if ok && o.ServicePrincipalType == managed {
			denied.write(c.w)
			return
		}
		err := s.directory.Delete(collection, c.id(), c.actor.AppID)
		if err == nil && collection == directory.Applications {
			for _, sp := range s.directory.ByAppID(directory.ServicePrincipals, o.AppID) {
				err = errors.Join(err, s.directory.Delete(directory.ServicePrincipals, sp.ID, c.actor.AppID))
			}
		}
		c.end(err)
	}
}

func (s *Server) deletedItems(collection string) func(call) {
	return func(c call) {
		var items []item
		for _, o := range c.view.List(directory.Deleted) {
			if o.DeletedFrom == collection {
				items = append(items, shown(collection, o, false))
			}
		}
		s.page(c, "directoryObjects", items)
	}
}

// restorers are the directory roles of which the caller needs one, besides its permission, to restore an application:
// Global Administrator, Application Administrator, Cloud Application Administrator, Hybrid Identity Administrator.
var restorers = []string{
	"62e90394-69f5-4237-9190-012177145e10", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "158c047a-c907-4556-b7ef-446551a6b5f7", "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
}

func (s *Server) restore(c call) {
	o, ok := s.directory.Get(directory.Deleted, c.id())
	if !ok {
		notFound(c.id()).write(c.w)
		return
	}
	if !c.inRole(restorers...) {
		denied.write(c.w)
		return
	}
	if err := s.directory.Restore(c.id(), c.actor.AppID); err != nil {
		c.refuse(err)
		return
	}
	kind := map[string]string{directory.Applications: "#microsoft.graph.application", directory.ServicePrincipals: "#microsoft.graph.servicePrincipal"}[o.DeletedFrom]
	body := shown(o.DeletedFrom, o, false)
	body["@odata.type"] = kind
	answer(c.w, http.StatusOK, body)
}

// document is a stored policy as a map, with its id.
func document(o directory.Object) item {
	out := item{}
	if len(o.Document) > 0 {
		_ = json.Unmarshal(o.Document, &out) // written by this package
	}
	out["id"] = o.ID
	return out
}

// edit changes an object and answers 204, or what stands against it.
func (s *Server) edit(c call, collection, what string, do func(*directory.Object) error) {
	c.end(s.directory.Update(collection, c.id(), c.actor.AppID, what, do))
}

// now is the time that Graph writes into objects.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
