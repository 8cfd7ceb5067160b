// Package httpapi is the plumbing of an HTTP API in the shape of Microsoft Graph: one table of routes, each with the
// permission it asks for; callers proved by a token of Microsoft Entra; refusals and errors in Graph's form. It knows no
// domain.
//
// A caller is an application or a user. An application needs the route's permission as an app role. A user needs two
// things, as with Graph: the client he uses was granted the permission as a delegated scope, and he himself has one of the
// route's directory roles (claim wids), or the permission as an app role. A scope alone would give every user of
// the tenant what one client was granted; a role alone would give every client what its user may do.
//
// Function keys are the host's business and never enough: they are a second lock where a function asks for them.
package httpapi
