package simulate

// audit writes a change of the directory.
func (p *pen) audit(a *act) {
	e := &p.run.entries[a.entry]
	correlation := a.serial
	if a.token != 0 {
		correlation = a.token
	}
	p.s(`{"time":"`)
	p.exported(a.when)
	p.s(`","resourceId":"/tenants/`, p.run.TenantID, `/providers/Microsoft.aadiam","operationName":"`, e.activity,
		`","operationVersion":"1.0","category":"AuditLogs","tenantId":"`, p.run.TenantID, `","resultSignature":"None","durationMs":0,`)
	if a.from != (address{}) {
		p.s(`"callerIpAddress":"`)
		p.address(a.from)
		p.s(`",`)
	}
	p.s(`"correlationId":"`)
	p.guid(correlation, forCorrelation)
	p.s(`",`)
	if e.actor.user < 0 {
		p.s(`"identity":"`, p.actorName(e.actor), `",`)
	}
	p.s(`"Level":4,"properties":{"id":"Directory_`)
	p.guid(correlation, forCorrelation)
	p.s(`_XH34Q_`)
	p.n(int64(10_000_000 + a.serial%90_000_000))
	p.s(`","category":"`, e.category, `","correlationId":"`)
	p.guid(correlation, forCorrelation)
	p.s(`","result":"success","resultReason":"","activityDisplayName":"`, e.activity, `","activityDateTime":"`)
	p.happened(a.when)
	p.s(`","loggedByService":"Core Directory","operationType":"`, e.operation, `","userAgent":null,"initiatedBy":`)
	p.initiatedBy(a, e.actor)
	p.s(`,"targetResources":[{"id":"`, e.targetID, `","displayName":"`, e.targetName, `","type":"`, e.targetType, `","modifiedProperties":[`)
	p.properties(e.properties)
	p.s(`],"administrativeUnits":[]}],"additionalDetails":[{"key":"User-Agent","value":"Mozilla/5.0 (Windows NT 10.0; Win64; x64)"}`)
	if e.appID != "" {
		p.s(`,{"key":"AppId","value":"`, e.appID, `"}`)
	}
	p.s(`]}}`)
}

func (p *pen) properties(list []modified) {
	for i, m := range list {
		if i > 0 {
			p.s(`,`)
		}
		p.s(`{"displayName":"`, m.name, `","oldValue":`)
		if m.old == "" {
			p.s(`null`)
		} else {
			p.s(`"`, m.old, `"`)
		}
		p.s(`,"newValue":"`, m.new, `"}`)
	}
}

// platform is the principal that rotates the keys of managed identities.
const platform = "Managed Service Identity"

func (p *pen) actorName(a actor) string {
	if a.app < 0 {
		return platform
	}
	return p.run.Principals[a.app].Name
}

func (p *pen) initiatedBy(a *act, by actor) {
	if by.user >= 0 {
		u := &p.run.users[by.user]
		p.s(`{"user":{"id":"`, u.id, `","displayName":null,"userPrincipalName":"`, u.name, `","ipAddress":"`)
		p.address(a.from)
		p.s(`","roles":[]}}`)
		return
	}
	object := p.run.platformID
	if by.app >= 0 {
		object = p.run.Principals[by.app].ObjectID
	}
	p.s(`{"app":{"appId":null,"displayName":"`, p.actorName(by), `","servicePrincipalId":"`, object, `","servicePrincipalName":null}}`)
}
