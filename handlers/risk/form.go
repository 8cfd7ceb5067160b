package risk

import (
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/report"
	"rekey/shared/score"
	"rekey/shared/trail"
)

// detection is Graph's servicePrincipalRiskDetection, with Rekey's score behind it. The names have a prefix of their own
// because Graph may add a score some day.
type detection struct {
	report.RiskDetection
	Score         float64              `json:"rekeyScore"`
	Contributions []score.Contribution `json:"rekeyContributions"`
}

func detectionForm(d detect.Detection) detection {
	return detection{report.Graph(d), d.Bits, d.Contributions}
}

// principal is Graph's riskyServicePrincipal, with the case behind it.
type principal struct {
	ODataType     string            `json:"@odata.type"`
	ID            string            `json:"id"`
	AppID         string            `json:"appId"`
	DisplayName   string            `json:"displayName"`
	PrincipalType string            `json:"servicePrincipalType"`
	RiskLevel     score.Level       `json:"riskLevel"`
	RiskState     string            `json:"riskState"`
	RiskDetail    string            `json:"riskDetail"`
	IsProcessing  bool              `json:"isProcessing"`
	UpdatedTime   time.Time         `json:"riskLastUpdatedDateTime"`
	CaseID        string            `json:"rekeyCaseId"`
	Answers       []casefile.Answer `json:"rekeyAnswers"`
	Harm          []casefile.Harm   `json:"rekeyHarm"`
	Writes        []trail.Entry     `json:"rekeyWrites"`   // what it changed in the directory since the case's window began
	Prepared      []trail.Entry     `json:"rekeyPrepared"` // what was changed on it since then
	Linked        []casefile.Link   `json:"rekeyLinked"`   // who prepared it, and what it changed
	Owner         *casefile.Inquiry `json:"rekeyOwner"`    // what its owner was asked last, and answered; null when nobody was asked
}

func principalForm(c casefile.Case) principal {
	return principal{
		ODataType: "#microsoft.graph.riskyServicePrincipal", ID: c.Principal.ObjectID, AppID: c.Principal.AppID,
		DisplayName: c.Principal.Name, PrincipalType: "Application", RiskLevel: c.Level, RiskState: "atRisk", RiskDetail: "none",
		UpdatedTime: c.Updated, CaseID: c.ID, Answers: list(c.Answers), Harm: list(c.Harm),
		Writes: list(c.Writes), Prepared: list(c.Prepared), Linked: list(c.Linked), Owner: c.Owner,
	}
}

// list makes an empty list of none: a collection that is null breaks clients.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
