// Package openapi describes an API of package httpapi in OpenAPI: 3.1 for tools of today, and 2.0 for those that stopped
// there, as custom connectors of Logic Apps did. Both are made from the table of routes and the Go types that handlers read
// and write, so that a description cannot tell of a call that does not exist.
package openapi
