package risk

import (
	"net/http"
	"slices"
	"strings"

	"rekey/shared/host/httpapi"
	"rekey/shared/odata"
)

const tag = "risk"

// SchemaName is Graph's name of the type.
func (detection) SchemaName() string { return "servicePrincipalRiskDetection" }

// SchemaName is Graph's name of the type.
func (principal) SchemaName() string { return "riskyServicePrincipal" }

// Each answered alone has its context.
type (
	detectionAlone struct {
		Context string `json:"@odata.context"`
		detection
	}
	principalAlone struct {
		Context string `json:"@odata.context"`
		principal
	}
)

// SchemaName is the name of the type.
func (detectionAlone) SchemaName() string { return "servicePrincipalRiskDetectionEntity" }

// SchemaName is the name of the type.
func (principalAlone) SchemaName() string { return "riskyServicePrincipalEntity" }

// SchemaName is Graph's name of the type.
func (item) SchemaName() string { return "riskyServicePrincipalHistoryItem" }

// named is the body of a verdict.
type named struct {
	IDs []string `json:"servicePrincipalIds" about:"Object ids, 1 to 60."`
}

// SchemaName is the name of the type.
func (named) SchemaName() string { return "servicePrincipals" }

// prefer is the header by which clients say that they know what came later.
var prefer = httpapi.Param{Name: "Prefer", Text: "include-unknown-enum-members: enums may have members that came after unknownFutureValue."}

// listed says what a list takes and gives.
func listed(collection any, s *odata.Schema) httpapi.About {
	var orders []string
	for _, o := range s.Order {
		orders = append(orders, o.String())
	}
	slices.Sort(orders)
	return httpapi.About{
		Tag: tag, Headers: []httpapi.Param{prefer}, Answers: []httpapi.Answer{{Status: http.StatusOK, Text: "A page of the list.", Body: collection}},
		Query: []httpapi.Param{
			{Name: "$filter", Text: "Which are wanted, like riskLevel eq 'high' and riskState eq 'atRisk'."},
			{Name: "$select", Text: "Names of properties, separated by commas."},
			{Name: "$top", Text: "How many a page has at most: 1 to 1000, 100 if not given.", Kind: "integer"},
			{Name: "$orderby", Text: "The order that an index has: " + strings.Join(orders, ", ") + "."},
			{Name: "$count", Text: "true: with their number.", Kind: "boolean"},
			{Name: "$skiptoken", Text: "Comes with @odata.nextLink."},
		},
	}
}

// one says what reading one takes and gives.
func one(body any) httpapi.About {
	return httpapi.About{
		Tag: tag, Headers: []httpapi.Param{prefer}, Query: []httpapi.Param{{Name: "$select", Text: "Names of properties, separated by commas."}},
		Answers: []httpapi.Answer{{Status: http.StatusOK, Text: "What there is.", Body: body}},
	}
}
