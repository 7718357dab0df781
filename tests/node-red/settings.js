// Node-RED as the test runs it: on this machine alone, and asking nobody for news.
module.exports = {
    uiHost: '127.0.0.1',
    uiPort: Number(process.env.NODE_RED_PORT),
    credentialSecret: 'of the test',
    flowFile: 'flows.json',
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false, codeEditor: { lib: 'monaco' } },
    externalModules: { autoInstall: false, palette: { allowInstall: false } },
    diagnostics: { enabled: false },
    logging: { console: { level: 'warn', metrics: false, audit: false } },
};
