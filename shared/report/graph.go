package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"rekey/shared/detect"
	"rekey/shared/score"
)

// RiskDetection is a detection with the properties of Graph's servicePrincipalRiskDetection.
type RiskDetection struct {
	ODataType       string      `json:"@odata.type"`
	ID              string      `json:"id"`
	RequestID       *string     `json:"requestId"`
	CorrelationID   *string     `json:"correlationId"`
	RiskEventType   string      `json:"riskEventType"`
	RiskState       string      `json:"riskState"`
	RiskLevel       score.Level `json:"riskLevel"`
	RiskDetail      string      `json:"riskDetail"`
	Source          string      `json:"source"`
	TimingType      string      `json:"detectionTimingType"`
	Activity        string      `json:"activity"`
	TokenIssuerType string      `json:"tokenIssuerType"`
	IPAddress       *string     `json:"ipAddress"`
	Location        *Location   `json:"location"`
	ActivityTime    time.Time   `json:"activityDateTime"`
	DetectedTime    time.Time   `json:"detectedDateTime"`
	UpdatedTime     time.Time   `json:"lastUpdatedDateTime"`
	PrincipalID     string      `json:"servicePrincipalId"`
	PrincipalName   string      `json:"servicePrincipalDisplayName"`
	AppID           string      `json:"appId"`
	KeyIDs          []string    `json:"keyIds"`
	AdditionalInfo  *string     `json:"additionalInfo"` // null when there is nothing to explain
}

// Location is Graph's signInLocation.
type Location struct {
	City            string `json:"city"`
	State           string `json:"state"`
	CountryOrRegion string `json:"countryOrRegion"`
}

// Graph puts a detection into Graph's form.
func Graph(d detect.Detection) RiskDetection {
	out := RiskDetection{
		ODataType: "#microsoft.graph.servicePrincipalRiskDetection", ID: d.ID, RiskEventType: d.Type, RiskState: d.RiskState(),
		RiskLevel: d.RiskLevel(), RiskDetail: d.RiskDetail(), Source: d.Source, TimingType: "nearRealtime", Activity: "servicePrincipal",
		TokenIssuerType: "AzureAD", ActivityTime: d.First, DetectedTime: d.Detected, UpdatedTime: d.Updated(),
		PrincipalID: d.Principal.ObjectID, PrincipalName: d.Principal.Name, AppID: d.Principal.AppID, KeyIDs: d.KeyIDs,
		AdditionalInfo: additionalInfo(d),
	}
	if d.Posture || d.Source != detect.SourceRekey { // Microsoft's are all offline
		out.TimingType = "offline"
	}
	if d.Type == detect.TypeSuspiciousSignins {
		out.Activity = "signin"
	}
	if len(d.Records) > 0 {
		first := d.Records[0]
		if d.Source == detect.SourceRekey { // else the record is the finding itself, of no request that is known
			out.RequestID = text(first.ID)
		}
		out.IPAddress = text(first.IPAddress)
		if first.Country != "" {
			out.Location = &Location{CountryOrRegion: first.Country}
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
func additionalInfo(d detect.Detection) *string {
	type pair struct{ Key, Value string }
	pairs := []pair{}
	if d.Statement != "" {
		pairs = append(pairs, pair{d.Rule, d.Statement})
	}
	for _, c := range d.Contributions {
		pairs = append(pairs, pair{c.Name, c.Value + " (" + strconv.FormatFloat(c.Bits, 'f', 1, 64) + " bits): " + c.Why})
	}
	if len(pairs) == 0 {
		return nil
	}
	b, err := json.Marshal(pairs)
	if err != nil {
		return nil
	}
	return text(string(b))
}

// line is one detection for programs: Graph's form, the score and what it is made of, and the explanation.
type line struct {
	RiskDetection
	Rule          string               `json:"rule,omitempty"`
	Score         float64              `json:"score"`
	Contributions []score.Contribution `json:"contributions"`
	What          string               `json:"what"`
	Cause         string               `json:"cause"`
	Harmless      string               `json:"harmlessIf"`
	NextSteps     []Step               `json:"nextSteps"`
	Records       []detect.Record      `json:"records"`
}

// Lines writes one line of JSON a detection, strongest first.
func Lines(w io.Writer, detections []detect.Detection) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, s := range Subjects(detections) {
		for _, d := range s.Detections {
			x := Explain(d)
			l := line{Graph(d), d.Rule, d.Bits, d.Contributions, x.What, x.Cause, x.Harmless, x.Next, d.Records}
			if err := e.Encode(l); err != nil {
				return fmt.Errorf("writing detection %s: %w", d.ID, err)
			}
		}
	}
	return nil
}
