package simulate

// signIn writes a sign-in of a service principal or of a managed identity, in the shape that the principal's have.
func (p *pen) signIn(a *act) {
	if a.who == none {
		p.stranger(a)
		return
	}
	who := &p.run.Principals[a.who]
	p.signInTop(a, who)
	p.s(`,"properties":{"id":"`)
	p.guid(a.serial, forID)
	p.s(`","createdDateTime":"`)
	p.happened(a.when)
	p.s(`","userId":null,`)
	if who.shape.rich && !who.managed() {
		p.s(`"agent":{"agentType":"notAgentic","parentAppId":""},`)
	}
	p.s(`"appId":"`, who.AppID, `","ipAddress":"`)
	if !who.managed() {
		p.address(a.from)
	}
	p.s(`","status":{"errorCode":`)
	p.n(int64(a.code))
	p.s(`},`)
	if who.shape.rich && !who.managed() {
		p.s(`"userAgent":"`, p.run.catalogue.list[a.client].agent, `",`)
	}
	if who.shape.asn && !who.managed() {
		p.s(`"autonomousSystemNumber":`)
		p.n(int64(p.run.world.sites[a.from.site].asn))
		p.s(`,`)
	}
	p.location(a, who)
	p.signInDetails(a, who)
	p.signInRest(a, who)
}

// signInTop writes what stands around the properties.
func (p *pen) signInTop(a *act, who *Principal) {
	p.s(`{"time":"`)
	if who.shape.us {
		p.american(a.out)
	} else {
		p.exported(a.out)
	}
	p.s(`","resourceId":"/tenants/`, p.run.TenantID, `/providers/Microsoft.aadiam","operationName":"Sign-in activity","operationVersion":"1.0","category":"`)
	if who.managed() {
		p.s(`ManagedIdentitySignInLogs`)
	} else {
		p.s(`ServicePrincipalSignInLogs`)
	}
	p.s(`","tenantId":"`, p.run.TenantID, `","resultType":"`)
	p.n(int64(a.code))
	switch {
	case !who.shape.rich:
		p.s(`","resultSignature":"None","durationMs":0,`)
	case a.code == 0:
		p.s(`","resultSignature":"SUCCESS","durationMs":0,`)
	default:
		p.s(`","resultSignature":"FAILURE","durationMs":0,`)
	}
	if !who.managed() {
		p.s(`"callerIpAddress":"`)
		p.address(a.from)
		p.s(`",`)
	}
	p.s(`"correlationId":"`)
	p.guid(a.serial, forCorrelation)
	p.s(`","Level":4`)
	if !who.managed() && !a.from.dark {
		p.s(`,"location":"`, p.run.world.sites[a.from.site].country, `"`)
	}
}

// location writes where an address is; without an address or an entry in the geo database it is nowhere.
func (p *pen) location(a *act, who *Principal) {
	if who.managed() || a.from.dark {
		p.s(`"location":{"city":"","state":"","countryOrRegion":"","geoCoordinates":{"latitude":0.0,"longitude":0.0}},`)
		return
	}
	s := &p.run.world.sites[a.from.site]
	p.s(`"location":{"city":"`, s.city, `","state":"`, s.state, `","countryOrRegion":"`, s.country,
		`","geoCoordinates":{"latitude":`, s.latitude, `,"longitude":`, s.longitude, `}},`)
}

// signInDetails writes what records have since 2022, and since 2025.
func (p *pen) signInDetails(a *act, who *Principal) {
	if !who.shape.bare {
		p.s(`"conditionalAccessStatus":"`)
		if a.code == 53003 {
			p.s(`failure`)
		} else {
			p.s(`notApplied`)
		}
		p.s(`","appliedConditionalAccessPolicies":[],`)
	}
	p.s(`"isInteractive":false,"tokenIssuerType":"AzureAD",`)
	if !who.shape.bare {
		p.s(`"authenticationProcessingDetails":[{"key":"Azure AD App Authentication Library","value":"`)
		if !who.managed() {
			p.s(p.run.catalogue.list[a.client].library)
		}
		p.s(`"}],`)
	}
	if who.shape.rich {
		p.s(`"networkLocationDetails":[],`)
	}
	if who.shape.typed {
		p.s(`"clientCredentialType":"`, p.run.keys[a.key].kind, `",`)
	}
	p.s(`"processingTimeInMilliseconds":0,"riskDetail":"none","riskLevelAggregated":"low","riskLevelDuringSignIn":"low","riskState":"none",`)
}

// signInRest writes the resource, the principal, its key, and the token.
func (p *pen) signInRest(a *act, who *Principal) {
	t := &p.run.resources[a.to]
	p.s(`"resourceDisplayName":"`, t.name, `","resourceId":"`, t.appID, `","servicePrincipalName":"`, who.Name, `","servicePrincipalId":"`, who.ObjectID,
		`","flaggedForReview":false,"isTenantRestricted":false,"crossTenantAccessType":"none"`)
	if !who.shape.bare && !who.managed() && a.code == 0 {
		k := &p.run.keys[a.key]
		p.s(`,"servicePrincipalCredentialKeyId":"`, k.id, `"`)
		if who.shape.rich {
			p.s(`,"servicePrincipalCredentialThumbprint":"`, k.thumbprint, `"`)
		}
		if who.shape.rich && k.federated != "" {
			p.s(`,"federatedCredentialId":"`, k.federated, `"`)
		}
	}
	if !who.shape.bare || who.managed() {
		p.s(`,"uniqueTokenIdentifier":"`)
		if who.shape.old || who.managed() && who.shape.bare {
			p.longToken(a.serial)
		} else {
			p.token(a.serial)
		}
		p.s(`","incomingTokenType":"none","authenticationProtocol":"none"`)
	}
	if who.shape.rich && !who.managed() {
		p.s(`,"appServicePrincipalId":null,"resourceServicePrincipalId":"`, t.object, `","signInTokenProtectionStatus":"none",`+
			`"originalTransferMethod":"none","isThroughGlobalSecureAccess":false,"conditionalAccessAudiences":["`, t.appID, `"],"sessionId":"`)
		p.guid(a.serial, forSession)
		p.s(`","appOwnerTenantId":"`, p.run.TenantID, `","resourceOwnerTenantId":"f8cdef31-a31e-4b4a-93e4-5f571e91255a"`)
	}
	p.s(`}}`)
}

// stranger writes a failed sign-in of an application that does not exist here: somebody guesses.
func (p *pen) stranger(a *act) {
	s := &p.run.world.sites[a.from.site]
	nobody := &Principal{shape: shape{old: true}}
	p.signInTop(a, nobody)
	p.s(`,"properties":{"id":"`)
	p.guid(a.serial, forID)
	p.s(`","createdDateTime":"`)
	p.happened(a.when)
	p.s(`","userId":null,"appId":"`)
	p.guid(a.token, forID)
	p.s(`","ipAddress":"`)
	p.address(a.from)
	p.s(`","status":{"errorCode":`)
	p.n(int64(a.code))
	p.s(`},"location":{"city":"`, s.city, `","state":"`, s.state, `","countryOrRegion":"`, s.country, `","geoCoordinates":{"latitude":`, s.latitude, `,"longitude":`, s.longitude,
		`}},"isInteractive":false,"tokenIssuerType":"AzureAD","processingTimeInMilliseconds":0,"riskDetail":"none","riskLevelAggregated":"low",`+
			`"riskLevelDuringSignIn":"low","riskState":"none","resourceDisplayName":"`, p.run.resources[a.to].name, `","resourceId":"`, p.run.resources[a.to].appID,
		`","servicePrincipalName":"","servicePrincipalId":"","flaggedForReview":false,"isTenantRestricted":false,"crossTenantAccessType":"none"}}`)
}
