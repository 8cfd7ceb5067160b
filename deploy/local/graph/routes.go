package graph

import (
	"net/http"

	"rekey/deploy/local/directory"
)

const (
	get    = http.MethodGet
	post   = http.MethodPost
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

// routes are all calls, with what each demands.
func (s *Server) routes() []route {
	const a, sp = directory.Applications, directory.ServicePrincipals
	list := []route{
		{get, "/applications", readApplication, s.list(a)},
		{get, "/applications/{id}", readApplication, s.get(a)},
		{patch, "/applications/{id}", writeApplication, s.patch(a)},
		{get, "/applications.uniqueName/{name}", readApplication, s.getNamed},
		{patch, "/applications.uniqueName/{name}", makeApplication, s.upsert},
		{post, "/servicePrincipals", makeApplication, s.addPrincipal},
		{get, "/subscribedSkus", readLicences, s.skus},
		{remove, "/applications/{id}", writeApplication, s.remove(a)},
		{get, "/servicePrincipals", readPrincipal, s.list(sp)},
		{get, "/servicePrincipals/{id}", readPrincipal, s.get(sp)},
		{get, "/servicePrincipals/microsoft.graph.agentIdentity", readAgents, s.agents},
		{patch, "/servicePrincipals/{id}", writePrincipal, s.patch(sp)},
		{remove, "/servicePrincipals/{id}", writePrincipal, s.remove(sp)},

		{get, "/applications/{id}/federatedIdentityCredentials", readApplication, s.listFederated(a)},
		{post, "/applications/{id}/federatedIdentityCredentials", writeApplication, s.addFederated},
		{remove, "/applications/{id}/federatedIdentityCredentials/{item}", writeApplication, s.removeFederated},
		// Principals have the relation in Graph's model, and no documented way to write it.
		{get, "/servicePrincipals/{id}/federatedIdentityCredentials", readPrincipal, s.listFederated(sp)},

		{remove, "/applications/{id}/owners/{item}/$ref", writeApplication, s.removeOwner(a)},
		{remove, "/servicePrincipals/{id}/owners/{item}/$ref", writePrincipal, s.removeOwner(sp)},
		{remove, "/applications/{id}/owners/{item}", writeApplication, s.deleteReferenced},
		{remove, "/servicePrincipals/{id}/owners/{item}", writePrincipal, s.deleteReferenced},

		{get, "/servicePrincipals/{id}/appRoleAssignments", readAssignments, s.appRoleAssignments},
		{post, "/servicePrincipals/{id}/appRoleAssignments", addAssignment, s.addAppRole},
		{remove, "/servicePrincipals/{id}/appRoleAssignments/{item}", removeAssignment, s.removeAppRole(byPrincipal)},
		{get, "/servicePrincipals/{id}/appRoleAssignedTo", readPrincipal, s.appRoleAssignedTo},
		{remove, "/servicePrincipals/{id}/appRoleAssignedTo/{item}", removeAssignment, s.removeAppRole(byResource)},
		{get, "/servicePrincipals/{id}/oauth2PermissionGrants", readGrants, s.grantsOf},
		{get, "/oauth2PermissionGrants", readGrants, s.grants},
		{post, "/oauth2PermissionGrants", writeGrants, s.addGrant},
		{patch, "/oauth2PermissionGrants/{id}", writeGrants, s.patchGrant},
		{remove, "/oauth2PermissionGrants/{id}", writeGrants, s.removeGrant},

		{get, "/servicePrincipals/{id}/transitiveMemberOf", readAssignments, s.memberOf},
		{get, "/groups/{id}", readGroup, s.group},
		{post, "/groups/{id}/members/$ref", writeMembers, s.addMember},
		{remove, "/groups/{id}/members/{item}/$ref", writeMembers, s.removeMember},
		{remove, "/groups/{id}/members/{item}", writeMembers, s.deleteReferenced},
		{get, "/roleManagement/directory/roleAssignments", readRoles, s.roleAssignments},
		{post, "/roleManagement/directory/roleAssignments", writeRoles, s.addRole},
		{remove, "/roleManagement/directory/roleAssignments/{id}", writeRoles, s.removeRole},

		{get, "/directory/deletedItems/microsoft.graph.application", readApplication, s.deletedItems(a)},
		{get, "/directory/deletedItems/microsoft.graph.servicePrincipal", readPrincipal, s.deletedItems(sp)},
		{post, "/directory/deletedItems/{id}/restore", demand{PermissionWrite}, s.restore},

		{get, "/policies/defaultAppManagementPolicy", readAppPolicies, s.defaultAppPolicy},
		{get, "/policies/appManagementPolicies", readAppPolicies, s.appPolicies},
		{get, "/applications/{id}/appManagementPolicies", readAppPoliciesOf, s.appPoliciesOf(a)},
		{get, "/servicePrincipals/{id}/appManagementPolicies", readAppPoliciesOf, s.appPoliciesOf(sp)},

		{get, "/identityProtection/riskyServicePrincipals", readRisk, s.riskyPrincipals},
		{get, "/identityProtection/riskyServicePrincipals/{id}", readRisk, s.riskyPrincipal},
		{get, "/identityProtection/riskyServicePrincipals/{id}/history", readRisk, s.riskHistory},
		{post, "/identityProtection/riskyServicePrincipals/confirmCompromised", writeRisk, s.setRisk(confirmed)},
		{post, "/identityProtection/riskyServicePrincipals/dismiss", writeRisk, s.setRisk(dismissed)},
		{get, "/identityProtection/servicePrincipalRiskDetections", readDetections, s.riskDetections},

		{get, "/beta/auditLogs/signIns", readSignIns, s.signIns},

		{get, "/identity/conditionalAccess/policies", readAccess, s.accessPolicies},
		{get, "/identity/conditionalAccess/policies/{id}", readAccess, s.accessPolicy},
		{post, "/identity/conditionalAccess/policies", writeAccess, s.addAccessPolicy},
		{patch, "/identity/conditionalAccess/policies/{id}", writeAccess, s.patchAccessPolicy},
		{remove, "/identity/conditionalAccess/policies/{id}", removeAccess, s.removeAccessPolicy},
	}
	for _, collection := range []string{a, sp} {
		write := map[string]demand{a: writeApplication, sp: writePrincipal}[collection]
		path := "/" + collection + "/{id}"
		list = append(list,
			route{post, path + "/addPassword", write, s.addPassword(collection)},
			route{post, path + "/removePassword", write, s.removePassword(collection)},
			route{post, path + "/addKey", rollKey, s.addKey(collection)},
			route{post, path + "/removeKey", rollKey, s.removeKey(collection)},
			route{get, path + "/owners", readPrincipal, s.owners(collection)},
			route{post, path + "/owners/$ref", addOwner, s.addOwner(collection)},
		)
	}
	return list
}
