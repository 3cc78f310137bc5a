"""Sign-in with the password and the groups of an LDAP directory, where a site names one."""
