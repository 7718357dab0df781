// A bed's page: its forms and questions, by their data attributes.
import { expectState } from './expect.js';

export const pageOf = (page, bed) => page.locator(`[data-bed-page][data-bed="${bed}"]`);
export const alarmOn = (page, rule) => page.locator(`[data-bed-page] li[data-alarm="${rule}"]`);
export const limitOf = (page, rule) => page.locator(`[data-bed-page] tr[data-rule="${rule}"][data-parameter="limit"]`);
export const answerTo = (page, command) => page.locator(`[data-bed-page] [data-reply][data-command="${command}"]`).first();

export async function openBed(scene, page, bed) {
    await page.goto(scene.address(`#bed/${bed}`));
    await page.locator('html[data-link="connected"]').waitFor();
    await pageOf(page, bed).waitFor();
}

const dialog = (page, name) => page.locator(`dialog[data-dialog="${name}"][open]`);

export async function sayWho(page, staff = 'n-17') {
    await dialog(page, 'staff').locator('[name="staff"]').fill(staff);
    await dialog(page, 'staff').locator('[data-action="yes"]').click();
}

export async function confirm(page) {
    await dialog(page, 'confirm').locator('[data-action="yes"]').click();
}

export const commandButton = (scope, command) => scope.locator(`[data-command="${command}"]`);

export async function expectAnswer(page, command, state, seconds = 5) {
    await expectState(answerTo(page, command), 'data-reply', state, seconds);
}
