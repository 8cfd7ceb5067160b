package posture

// allowed are the calls, of those that package exposure remembers, that an application permission of Microsoft Graph is
// for, by the permission's value in lower case. A permission that is not here allows none that is remembered. From
// Microsoft's permissions reference; other permissions may allow the same call, so a call shows that each of them was used.
var allowed = func() map[string][]string {
	applications := []string{
		"POST /applications", "PATCH /applications/{id}", "POST /applications/{id}/addPassword", "POST /applications/{id}/addKey",
		"POST /applications/{id}/owners/$ref", "POST /applications/{id}/federatedIdentityCredentials", "POST /servicePrincipals",
		"PATCH /servicePrincipals/{id}", "POST /servicePrincipals/{id}/addPassword", "POST /servicePrincipals/{id}/addKey",
		"POST /servicePrincipals/{id}/owners/$ref",
	}
	roles := []string{
		"POST /roleManagement/directory/roleAssignments", "POST /roleManagement/directory/roleAssignmentScheduleRequests",
		"POST /roleManagement/directory/roleEligibilityScheduleRequests", "POST /directoryRoles/{id}/members/$ref",
	}
	mail := []string{"GET /users/{id}/messages", "GET /users/{id}/mailFolders/{id}/messages", "GET /users/{id}/messages/{id}"}
	authentication := []string{
		"POST /users/{id}/authentication/temporaryAccessPassMethods", "POST /users/{id}/authentication/methods/{id}/resetPassword",
	}
	return map[string][]string{
		"application.readwrite.all": applications, "application.readwrite.ownedby": applications,
		"application.read.all":                   {"GET /applications", "GET /servicePrincipals", "GET /servicePrincipals/{id}/appRoleAssignedTo"},
		"approleassignment.readwrite.all":        {"POST /servicePrincipals/{id}/appRoleAssignments", "POST /servicePrincipals/{id}/appRoleAssignedTo"},
		"delegatedpermissiongrant.readwrite.all": {"POST /oauth2PermissionGrants", "PATCH /oauth2PermissionGrants/{id}"},
		"rolemanagement.readwrite.directory":     roles,
		"userauthenticationmethod.readwrite.all": authentication,
		"policy.readwrite.conditionalaccess": {
			"POST /identity/conditionalAccess/policies", "PATCH /identity/conditionalAccess/policies/{id}", "DELETE /identity/conditionalAccess/policies/{id}",
		},
		"policy.readwrite.authorization": {"PATCH /policies/authorizationPolicy"},
		"domain.readwrite.all":           {"POST /domains/{id}/federationConfiguration"},
		"user.read.all":                  {"GET /users"},
		"group.read.all":                 {"GET /groups"},
		"device.read.all":                {"GET /devices"},
		"mail.read":                      mail, "mail.readwrite": mail, "mail.readbasic.all": mail,
	}
}()
