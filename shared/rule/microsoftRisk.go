package rule

import (
	"rekey/shared/detect"
	"rekey/shared/event"
)

// microsoftRisk takes in what Microsoft found. The detection keeps Microsoft's type, level and key ids.
var microsoftRisk = &Rule{
	ID: "microsoftRisk", Title: "Risk finding of Microsoft's",
	Covers: []string{"S13"}, Techniques: []string{"T1078.004"},
	Event: "ServicePrincipalRiskEvents and RiskyServicePrincipals: riskEventType, riskLevel, riskState, keyIds", Shape: Documented,
	Levels:         "Microsoft's; medium when it is hidden for want of a licence; nothing when it was dismissed or remediated",
	FalsePositives: []string{"Legitimate changes of an application's configuration trigger Microsoft's suspicious sign-ins."},
	Ask:            []string{"Which of the principal's credentials are named (keyIds)?", "What did Rekey see of its sign-ins then?"},
	Match: func(e *event.Event, _ *World) []Finding {
		if e.Kind != event.KindRisk {
			return nil
		}
		d, ok := detect.Finding(e)
		if !ok {
			return nil
		}
		return []Finding{{Principal: d.Principal, Level: d.Level, Subject: d.Subject, KeyIDs: d.KeyIDs}}
	},
}
