// The requests that the scripts make. Bodies and parameters are made once, not per request.
import http from 'k6/http';
import { sleep } from 'k6';
import { BASE_URL, PASSWORD, TIMEOUT, TOKEN, USERNAME } from './config.js';
import { noteRefusal } from './metrics.js';

const JSON_TYPE = 'application/json';
const TASKS = `${BASE_URL}/v2/tasks`;
const TASK = JSON.stringify({ model: 'tiny', prompt: 'Say something about bees.', max_tokens: 16, temperature: 0.7, stream: false });
const TASK_PARAMS = { headers: { 'Content-Type': JSON_TYPE, Authorization: `Bearer ${TOKEN}` }, timeout: TIMEOUT };
export const LOGIN = `${BASE_URL}/auth/login`;
const CREDENTIALS = JSON.stringify({ username: USERNAME, password: PASSWORD });
const REFRESH = `${BASE_URL}/auth/refresh`;
const TEXT_PARAMS = { headers: { 'Content-Type': JSON_TYPE }, timeout: TIMEOUT, responseType: 'text' };
const PLAIN_PARAMS = { timeout: TIMEOUT };

// task has one inference done.
export function task() {
  const response = http.post(TASKS, TASK, TASK_PARAMS);
  if (response.status === 503) {
    noteRefusal(response);
  }
  return response;
}

// get asks for a path that needs no login.
export function get(path) {
  return ask(`${BASE_URL}${path}`, PLAIN_PARAMS);
}

// login gives this user's tokens, null when refused.
export function login() {
  return tokens(LOGIN, CREDENTIALS);
}

// refresh gives new tokens for old ones, null when refused.
export function refresh(old) {
  return tokens(REFRESH, JSON.stringify({ refresh_token: old.refresh }));
}

// pageURL is the address of a page for which one has to be logged in.
export function pageURL(path) {
  return `${BASE_URL}/admin/${path}`;
}

// page asks for one.
export function page(path, held) {
  return ask(pageURL(path), held.params);
}

// think pauses for a time between two limits, in seconds.
export function think(least, most) {
  sleep(least + Math.random() * (most - least));
}

function ask(url, params) {
  const response = http.get(url, params);
  if (response.status === 503) {
    noteRefusal(response);
  }
  return response;
}

function tokens(url, body) {
  const response = http.post(url, body, TEXT_PARAMS);
  if (response.status === 503) {
    noteRefusal(response);
  }
  if (response.status !== 200) {
    return null;
  }
  const pair = response.json();
  return { refresh: pair.refresh_token, params: { headers: { Authorization: `Bearer ${pair.access_token}` }, timeout: TIMEOUT } };
}
