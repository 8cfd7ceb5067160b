package risk

import (
	"encoding/json"
	"fmt"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/score"
)

// detection is Graph's servicePrincipalRiskDetection, with Rekey's score behind it.
type detection struct {
	ODataType       string               `json:"@odata.type"`
	ID              string               `json:"id"`
	RequestID       *string              `json:"requestId"`
	CorrelationID   *string              `json:"correlationId"`
	RiskEventType   string               `json:"riskEventType"`
	RiskState       string               `json:"riskState"`
	RiskLevel       score.Level          `json:"riskLevel"`
	RiskDetail      string               `json:"riskDetail"`
	Source          string               `json:"source"`
	TimingType      string               `json:"detectionTimingType"`
	Activity        string               `json:"activity"`
	TokenIssuerType string               `json:"tokenIssuerType"`
	IPAddress       *string              `json:"ipAddress"`
	Location        *location            `json:"location"`
	ActivityTime    time.Time            `json:"activityDateTime"`
	DetectedTime    time.Time            `json:"detectedDateTime"`
	UpdatedTime     time.Time            `json:"lastUpdatedDateTime"`
	PrincipalID     string               `json:"servicePrincipalId"`
	PrincipalName   string               `json:"servicePrincipalDisplayName"`
	AppID           string               `json:"appId"`
	KeyIDs          []string             `json:"keyIds"`
	AdditionalInfo  string               `json:"additionalInfo"`
	Score           float64              `json:"rekeyScore"`
	Contributions   []score.Contribution `json:"rekeyContributions"`
}

type location struct {
	City            string `json:"city"`
	State           string `json:"state"`
	CountryOrRegion string `json:"countryOrRegion"`
}

func detectionForm(d detect.Detection) detection {
	out := detection{
		ODataType: "#microsoft.graph.servicePrincipalRiskDetection", ID: d.ID, RiskEventType: d.Type, RiskState: "atRisk",
		RiskLevel: d.Level, RiskDetail: "none", Source: d.Source, TimingType: "nearRealtime", Activity: "servicePrincipal",
		TokenIssuerType: "AzureAD", ActivityTime: d.First, DetectedTime: d.Detected, UpdatedTime: d.Last,
		PrincipalID: d.Principal.ObjectID, PrincipalName: d.Principal.Name, AppID: d.Principal.AppID, KeyIDs: d.KeyIDs,
		AdditionalInfo: additionalInfo(d), Score: d.Bits, Contributions: d.Contributions,
	}
	if d.Type == detect.TypeSuspiciousSignins {
		out.Activity = "signin"
	}
	if len(d.Records) > 0 {
		first := d.Records[0]
		out.RequestID = text(first.ID)
		out.IPAddress = text(first.IPAddress)
		if first.Country != "" {
			out.Location = &location{CountryOrRegion: first.Country}
		}
	}
	return out
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// additionalInfo is Graph's JSON in a string: a list of keys and values. It carries the explanation for clients that
// know only Graph's properties.
func additionalInfo(d detect.Detection) string {
	type pair struct{ Key, Value string }
	pairs := []pair{}
	for _, c := range d.Contributions {
		pairs = append(pairs, pair{c.Name, fmt.Sprintf("%s (%.1f bits): %s", c.Value, c.Bits, c.Why)})
	}
	b, err := json.Marshal(pairs)
	if err != nil {
		return "[]"
	}
	return string(b)
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
}

func principalForm(c casefile.Case) principal {
	return principal{
		ODataType: "#microsoft.graph.riskyServicePrincipal", ID: c.Principal.ObjectID, AppID: c.Principal.AppID,
		DisplayName: c.Principal.Name, PrincipalType: "Application", RiskLevel: c.Level, RiskState: "atRisk", RiskDetail: "none",
		UpdatedTime: c.Updated, CaseID: c.ID, Answers: c.Answers, Harm: c.Harm,
	}
}
